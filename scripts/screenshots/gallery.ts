import { scenesOf, SETTINGS } from './shoot.ts';

/** The page that shows the pictures, a table for each state. */
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

Every state, drawn by the built element with a scripted conversation. \`npm run screenshots\` makes this page and its pictures anew.`;
