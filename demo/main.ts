import { installNetwork } from './network.ts';
import { createRelayControls } from './relay-controls.ts';
import { startWorkbench } from './workbench.ts';

const network = installNetwork();
const bench = document.querySelector<HTMLElement>('.bench');
if (bench) startWorkbench(bench, network, createRelayControls(network.direct));
