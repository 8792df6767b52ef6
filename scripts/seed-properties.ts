import * as fc from 'fast-check';
import { readTestSeed } from './test-seed.ts';

// A setup file of all unit tests. Browser tests with properties import it themselves.
fc.configureGlobal({ seed: readTestSeed() });
