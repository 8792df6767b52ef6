import { scenesOf, SETTINGS } from './shoot.ts';

/** Writes the page that shows the pictures, a table for each state. */
export function writeGallery(): string {
  const [first] = SETTINGS;
  const sections = (first ? scenesOf(first) : []).map(([name, { title }]) => {
    const settings = SETTINGS.filter(({ only }) => !only || only.includes(name));
    return [
      `## ${title}`,
      '',
      `| ${settings.map(({ title }) => title).join(' | ')} |`,
      `|${'---|'.repeat(settings.length)}`,
      `| ${settings.map((setting) => `![${title}, ${setting.title}](${name}-${setting.name}.png)`).join(' | ')} |`,
    ].join('\n');
  });
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`;
}

const INTRODUCTION = `# What the widget looks like

Every state, drawn by the built element with a scripted conversation. \`npm run screenshots\` makes this page and its pictures anew.

One thread runs through all of it. Before anything is asked it ties a loop and leads down to the composer, with what one may ask knotted to it. Then each answer hangs on one: it is alive while the answer is being written, with a dot where the next word will stand; broken while the line is, whole again when it is back; and it ends in a ring when the answer was recovered, in a square when it was stopped, in red when it failed. The dot in the header is the same dot.`;
