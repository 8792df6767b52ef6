import type { Graph } from './find-circles.ts';

/** A folder seen from inside: its files and its subfolders as wholes, each with those of them that it imports. */
export interface Room {
  folder: string;
  graph: Graph;
  /** The imports behind an arrow between two of them, as `from → to`. */
  reasons(from: string, to: string): string[];
}

/** All folders of a graph of files, outermost first. */
export function findRooms(files: Graph): Room[] {
  const folders = [...files.keys()].flatMap((file) => {
    const names = file.split('/').slice(0, -1);
    return names.map((_, depth) => names.slice(0, depth + 1).join('/'));
  });
  return [...new Set(folders)].toSorted().map((folder) => openRoom(files, folder));
}

function openRoom(files: Graph, folder: string): Room {
  const graph = new Map<string, Set<string>>();
  const reasons = new Map<string, string[]>();
  for (const [file, imports] of files) {
    const from = childOf(folder, file);
    if (from === null) continue;
    const targets = graph.get(from) ?? new Set();
    graph.set(from, targets);
    for (const target of imports) {
      const to = childOf(folder, target);
      if (to === null || to === from) continue;
      targets.add(to);
      reasons.set(`${from} ${to}`, [...(reasons.get(`${from} ${to}`) ?? []), `${file} → ${target}`]);
    }
  }
  return { folder, graph, reasons: (from, to) => reasons.get(`${from} ${to}`) ?? [] };
}

/** The file or subfolder of `folder` that a file is or lies in; null when it lies elsewhere. */
function childOf(folder: string, file: string): string | null {
  if (!file.startsWith(`${folder}/`)) return null;
  const [name = ''] = file.slice(folder.length + 1).split('/');
  return `${folder}/${name}`;
}
