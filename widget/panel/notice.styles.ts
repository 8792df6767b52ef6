import { css } from 'lit';

/** What stands between the conversation and the composer: the notice, and the button that leads to the end. */
export const noticeStyles = css`
  /* Looks out from behind the composer. */
  .notice {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 6px 12px;
    margin-block-end: -16px;
    padding: 9px 10px 25px 16px;
    padding-inline: 16px 10px;
    border-radius: 18px 18px 0 0;
    font-size: 13.5px;
    line-height: 1.45;
    --_tone: var(--_ink);
    background: color-mix(in oklab, var(--_tone) 9%, var(--_surface));
  }
  .notice.warn {
    --_tone: var(--_warn);
  }
  .notice.bad {
    --_tone: var(--_bad);
  }
  /* A bit of the thread, in the state that it is in. */
  .notice::before {
    content: '';
    align-self: stretch;
    inline-size: 2px;
    margin-block: 3px;
    border-radius: 1px;
    background: var(--_tone);
  }
  .notice.warn::before {
    background: repeating-linear-gradient(var(--_tone) 0 4px, transparent 4px 8px);
  }
  .notice.brief {
    animation: appear 200ms 600ms both;
  }
  .notice span {
    flex: 1 1 9em;
    text-wrap: pretty;
  }

  .notice button {
    margin-inline-start: auto;
  }

  .jump {
    position: absolute;
    z-index: 1;
    inset-block-end: calc(100% + 8px);
    inset-inline-end: 18px;
    display: grid;
    place-items: center;
    inline-size: 36px;
    block-size: 36px;
    border-radius: 50%;
    background: var(--_surface);
    color: var(--_ink);
    box-shadow:
      0 0 0 1px var(--_line),
      0 4px 14px -2px light-dark(rgb(20 30 28 / 0.22), rgb(0 0 0 / 0.6));
    animation: appear 140ms;
  }
  @media (pointer: coarse) {
    .jump {
      inline-size: 44px;
      block-size: 44px;
    }
  }

  @media (forced-colors: active) {
    .notice::before {
      forced-color-adjust: none;
    }
  }
`;
