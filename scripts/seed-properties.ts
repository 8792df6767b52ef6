import * as fc from 'fast-check';
import { readTestSeed } from './test-seed.ts';

// Every file of unit tests begins with this; in the browser those with property tests do.
fc.configureGlobal({ seed: readTestSeed() });
