import { globSync } from 'node:fs';
import { findCircles, findFloors, type Graph } from './find-circles.ts';
import { readImports } from './read-imports.ts';
import { findRooms, type Room } from './rooms.ts';

/** Tests and their stages may reach anywhere. */
const NOT_PRODUCT = ['**/*.test.ts', '**/testing/**', '**/*.d.ts'];

/** The imports among the product files of some top folders, relative to `root`. */
export function readGraph(root: string, tops: readonly string[]): Graph {
  const files = tops.flatMap((top) => globSync(`${top}/**/*.ts`, { cwd: root, exclude: NOT_PRODUCT })).toSorted();
  const known = new Set(files);
  return new Map(
    files.map((file) => [
      file,
      new Set(readImports(root, file).filter((target) => known.has(target) && target !== file)),
    ]),
  );
}

/**
 * Finds the circles of a graph, one sentence each: among files, and in each folder among its files and its subfolders
 * as wholes. Without circles every folder has layers, and all imports point down.
 */
export function checkImports(files: Graph): string[] {
  const inFiles = findCircles(files).map((circle) => `These files import each other: ${circle.join(', ')}.`);
  return [...inFiles, ...findRooms(files).flatMap(describeCircles)];
}

function describeCircles({ folder, graph, reasons }: Room): string[] {
  return findCircles(graph).map((circle) => {
    const arrows = circle.flatMap((from) => circle.flatMap((to) => reasons(from, to)));
    return [`In ${folder}/ these import each other, so that an arrow goes up: ${circle.join(', ')}.`, ...arrows].join(
      '\n  ',
    );
  });
}

/** Draws each folder that has subfolders, its upper floors first. */
export function drawRooms(files: Graph): string {
  const rooms = findRooms(files).filter(({ graph }) => [...graph.keys()].some((child) => !child.endsWith('.ts')));
  return rooms.map(drawRoom).join('\n');
}

function drawRoom({ folder, graph }: Room): string {
  const byFloor = Map.groupBy([...findFloors(graph)], ([, floor]) => floor);
  const lines = [...byFloor.keys()]
    .toSorted((a, b) => b - a)
    .map((floor) => {
      const names = (byFloor.get(floor) ?? []).map(([child]) => child.slice(folder.length + 1));
      return `  ${String(floor).padStart(2)}  ${names.toSorted().join('  ')}`;
    });
  return [`${folder}/`, ...lines].join('\n');
}
