import { installNetwork } from './network.ts';
import { createRelayControls } from './relay-controls.ts';
import { startWorkbench } from './workbench.ts';

const network = installNetwork();
const bench = document.querySelector<HTMLElement>('.bench');
if (bench) startWorkbench(bench, network, createRelayControls(network.direct));

// Open from the start where there is room for it beside the page. The tag is read after this module has run.
if (matchMedia('(min-width: 800px)').matches) document.querySelector('#widget')?.setAttribute('data-open', '');
