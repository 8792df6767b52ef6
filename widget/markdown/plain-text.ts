/**
 * Draws a text as it was written, with its line breaks: for what is past the bounds of markdown. Text that is added is
 * appended to the node that is there, so that a selection stays.
 */
export function createPlainText(host: HTMLElement): { update(text: string): void } {
  const node = document.createTextNode('');
  const paragraph = document.createElement('p');
  paragraph.append(node);
  host.append(paragraph);
  return {
    update(text) {
      if (text.startsWith(node.data)) node.appendData(text.slice(node.length));
      else node.data = text;
    },
  };
}
