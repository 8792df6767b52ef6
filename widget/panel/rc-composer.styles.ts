import { css } from 'lit';

/** What stands below the conversation: the composer and the footer. */
export const composerStyles = css`
  .bottom {
    position: relative;
    flex: none;
    inline-size: 100%;
    max-inline-size: 760px;
    margin-inline: auto;
    padding: 0 12px calc(12px + env(safe-area-inset-bottom, 0px));
  }
  rc-composer {
    display: block;
  }
  .composer {
    display: flex;
    align-items: flex-end;
    position: relative;
    gap: 6px;
    padding: 6px;
    border-radius: 18px;
    background: var(--_raised);
    box-shadow:
      inset 0 0 0 1px var(--_field-line),
      0 2px 8px -2px rgb(0 0 0 / 0.07);
    transition: box-shadow 120ms;
  }
  .composer:focus-within {
    box-shadow: inset 0 0 0 2px var(--_accent-ink);
  }
  textarea {
    all: unset;
    box-sizing: border-box;
    flex: 1;
    min-inline-size: 0;
    /* Below 16px an iPhone zooms into the field. */
    font-size: max(16px, var(--_font-size));
    line-height: 1.45;
    min-block-size: 38px;
    max-block-size: min(160px, 30dvh);
    padding: 7px 6px 7px 10px;
    overflow-y: auto;
    field-sizing: content;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    text-align: start;
    scrollbar-width: thin;
    cursor: text;
  }
  /* The whole composer shows the focus. */
  textarea:focus-visible {
    outline: none;
  }
  textarea::placeholder {
    color: var(--_soft);
    opacity: 1;
  }
  .send {
    display: grid;
    place-items: center;
    flex: none;
    inline-size: 38px;
    block-size: 38px;
    border-radius: 12px;
    background: var(--_accent);
    color: var(--_on-accent);
    box-shadow: var(--_edge);
    transition:
      background-color 160ms,
      opacity 120ms;
  }
  .send:hover {
    background: color-mix(in oklab, var(--_accent) 90%, var(--_ink));
  }
  .send:disabled {
    background: none;
    color: var(--_soft);
    box-shadow: none;
  }
  .send.stop {
    background: var(--_ink);
    color: var(--_surface);
  }
  .send.stop .icon {
    animation: pop 180ms ease-out;
  }
  @keyframes pop {
    from {
      transform: scale(0.4);
    }
  }
  .send.stop[aria-disabled] {
    opacity: 0.5;
  }
  @media (pointer: coarse) {
    .send {
      inline-size: 44px;
      block-size: 44px;
    }
    textarea {
      min-block-size: 44px;
      padding-block: 10px;
    }
  }
  @media (forced-colors: active) {
    .composer {
      border: 1px solid ButtonBorder;
    }
    .composer:focus-within {
      outline: 2px solid Highlight;
    }
  }
`;
