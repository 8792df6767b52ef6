import { expect } from '@esm-bundle/chai';
import { harmfulTexts } from './testing/harm.ts';
import { openStream } from './testing/open-stream.ts';

/** Nothing answers there; a request is one all the same, and the browser keeps a record of it. */
const ELSEWHERE = 'http://127.0.0.1:9';

/** The only elements that a text may become, code cards included. */
const ELEMENTS =
  'p h1 h2 h3 h4 h5 h6 ul ol li blockquote hr div table thead tbody tr th td em strong del a br code span input figure figcaption button pre'.split(
    ' ',
  );

/** The only attributes, of which none has a browser fetch or run anything. */
const ATTRIBUTES = 'href target rel title start align class part type checked disabled tabindex dir'.split(' ');

interface Page {
  runs: number;
  requests: string[];
  violations: string[];
}

/** Draws a text whole and piece by piece, on the page, and reads what has become of it. */
function drawAll(text: string, host: HTMLElement): void {
  const whole = openStream();
  const growing = openStream();
  host.replaceChildren(whole.host, growing.host);
  whole.update(text, true);
  for (let length = 3; length < text.length; length += 3) growing.update(text.slice(0, length));
  growing.update(text, true);
}

describe('harm in markdown', () => {
  const page: Page = { runs: 0, requests: [], violations: [] };
  const observer = new PerformanceObserver((list) => page.requests.push(...list.getEntries().map(({ name }) => name)));
  const onViolation = ({ blockedURI, violatedDirective }: SecurityPolicyViolationEvent): void => {
    page.violations.push(`${violatedDirective} ${blockedURI}`);
  };

  before(() => {
    Object.assign(window, { run: () => (page.runs += 1) });
    observer.observe({ type: 'resource' });
    document.addEventListener('securitypolicyviolation', onViolation);
  });
  after(() => {
    observer.disconnect();
    document.removeEventListener('securitypolicyviolation', onViolation);
    document.body.replaceChildren();
    Reflect.deleteProperty(window, 'run');
  });

  it('runs no script, sends no request and becomes plain elements only, in more than 500 texts', async () => {
    const texts = harmfulTexts(ELSEWHERE);
    expect(texts.length).to.be.at.least(500);
    const host = document.body.appendChild(document.createElement('div'));
    const strange: string[] = [];
    for (const text of texts) {
      drawAll(text, host);
      for (const element of host.querySelectorAll('*')) {
        if (!ELEMENTS.includes(element.localName)) strange.push(`${element.localName} of ${text}`);
        for (const { name } of element.attributes) if (!ATTRIBUTES.includes(name)) strange.push(`${name} of ${text}`);
        if (element instanceof HTMLAnchorElement && !['http:', 'https:', 'mailto:', ':'].includes(element.protocol)) {
          strange.push(`${element.href} of ${text}`);
        }
      }
      // Browsers start to load, and report what they were refused, in tasks of their own.
      await new Promise((resolve) => setTimeout(resolve));
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(strange).to.deep.equal([]);
    expect(page.runs).to.equal(0);
    expect(page.requests.filter((url) => url.startsWith(ELSEWHERE))).to.deep.equal([]);
    expect(page.violations).to.deep.equal([]);
  });

  it('would be noticed: the same texts as markup run scripts and send requests', async () => {
    const host = document.body.appendChild(document.createElement('div'));
    for (const text of harmfulTexts(ELSEWHERE).filter((text) => text.startsWith('<img'))) host.innerHTML = text;
    host.innerHTML += `<img src="${ELSEWHERE}/seen.png">`;
    const deadline = performance.now() + 5000;
    const isSeen = (): boolean => page.runs > 0 && page.requests.some((url) => url.startsWith(ELSEWHERE));
    while (!isSeen() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(page.runs).to.be.greaterThan(0);
    expect(page.requests.filter((url) => url.startsWith(ELSEWHERE))).not.to.deep.equal([]);
  });
});
