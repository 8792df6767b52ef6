import { Cluster, type Redis } from 'ioredis';

/** So many commands make a write worth its system call; a longer wait would leave Redis idle meanwhile. */
const MAX_COMMANDS = 64;

/**
 * Returns what is to be called before a command is sent: what is sent until the running code, and what it has made
 * ready to run, has come to its end is written to the socket in one go, some dozen commands at a time. Left to itself,
 * each command would be a system call of its own, which cost a third of all that an append takes here.
 */
export function createWriteGathering(commands: Redis | Cluster): () => void {
  let streams: Redis['stream'][] = [];
  let gathered = 0;

  function write(): void {
    const corked = streams;
    streams = [];
    gathered = 0;
    for (const stream of corked) stream.uncork();
  }

  return () => {
    if (gathered === MAX_COMMANDS) write();
    gathered += 1;
    if (gathered > 1) return;
    streams = connectionsOf(commands).flatMap(({ stream }) => (stream ? [stream] : []));
    for (const stream of streams) stream.cork();
    process.nextTick(write);
  };
}

/** A command to a Cluster goes to whichever of its servers has the slot. */
function connectionsOf(commands: Redis | Cluster): readonly { readonly stream?: Redis['stream'] }[] {
  return commands instanceof Cluster ? commands.nodes('all') : [commands];
}
