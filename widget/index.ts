/** Defines `<resumable-chat>`: `.` of the package. */
import { defineElement } from './define-element.ts';

defineElement();
