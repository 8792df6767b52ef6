import type { AxeResults, RunOptions } from 'axe-core';

declare global {
  interface Window {
    axe?: { run(context: Element, options: RunOptions): Promise<AxeResults> };
  }
}

async function loadAxe(): Promise<NonNullable<Window['axe']>> {
  if (!window.axe) {
    const script = document.createElement('script');
    script.src = '/node_modules/axe-core/axe.min.js';
    await new Promise((resolve, reject) => {
      script.addEventListener('load', resolve);
      script.addEventListener('error', () => reject(new Error('axe-core could not be loaded')));
      document.head.append(script);
    });
  }
  if (!window.axe) throw new Error('axe-core did not define itself');
  return window.axe;
}

/** The violations that axe finds in an element, a line for each place. */
export async function findViolations(element: Element): Promise<string[]> {
  const axe = await loadAxe();
  const { violations } = await axe.run(element, { resultTypes: ['violations'] });
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${impact} ${id} at ${String(target)}: ${failureSummary ?? ''}`),
  );
}
