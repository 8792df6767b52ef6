/** Nodes, each with those it imports. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** Groups of two or more nodes that all reach each other, sorted (Tarjan's strongly connected components). */
export function findCircles(graph: Graph): string[][] {
  const circles: string[][] = [];
  const order = new Map<string, number>();
  /** Visited nodes that are in no group yet. */
  const open: string[] = [];

  /** The lowest number that the node reaches among the open ones. */
  function visit(node: string): number {
    const number = order.size;
    order.set(node, number);
    open.push(node);
    let lowest = number;
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) lowest = Math.min(lowest, visit(next));
      else if (open.includes(next)) lowest = Math.min(lowest, order.get(next) ?? number);
    }
    if (lowest === number) {
      const members = open.splice(open.indexOf(node));
      if (members.length > 1) circles.push(members.toSorted());
    }
    return lowest;
  }

  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return circles.toSorted(([a = ''], [b = '']) => a.localeCompare(b));
}

/** The longest way down from each node: 0 imports nothing. Call it for a graph without circles. */
export function findFloors(graph: Graph): Map<string, number> {
  const floors = new Map<string, number>();
  function floorOf(node: string): number {
    const known = floors.get(node);
    if (known !== undefined) return known;
    const below = [...(graph.get(node) ?? [])].map(floorOf);
    const floor = below.length === 0 ? 0 : Math.max(...below) + 1;
    floors.set(node, floor);
    return floor;
  }
  for (const node of graph.keys()) floorOf(node);
  return floors;
}
