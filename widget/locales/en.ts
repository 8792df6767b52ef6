/**
 * Every text the widget shows or has read out, in English, which is always there. `{…}` stands for a value that is put
 * in when the text is shown. A page overrides any of them with the element's `strings` property.
 */
export const en = {
  /** The language of these texts as a BCP 47 tag: it chooses plural forms, and screen readers their voice by it. */
  language: 'en',

  heading: 'Chat',
  greeting: 'Hello. What would you like to know?',
  placeholder: 'Ask a question',

  launcher: 'Chat with us',
  launcherUnread: 'A new answer is waiting',
  launcherUnreadMany: '{n} new answers are waiting',
  launcherBusy: 'An answer is being written',

  messages: 'Conversation',
  message: 'Message',
  userMessage: 'Your message',
  assistantMessage: 'Answer',
  suggestions: 'Suggestions',

  send: 'Send',
  stop: 'Stop',
  tryAgain: 'Try again',
  newChat: 'New chat',
  close: 'Close',
  copy: 'Copy',
  copied: 'Copied',
  copyMessage: 'Copy message',
  rateUp: 'Good answer',
  rateDown: 'Bad answer',
  exportChat: 'Save as Markdown',
  edit: 'Edit',
  editMessage: 'Edit your message',
  sendAgain: 'Send again',
  cancel: 'Cancel',
  jumpToLatest: 'Jump to latest',

  code: 'code',
  reasoning: 'Thoughts',
  thinking: 'Thinking',
  thinkingFor: 'Thinking for {time}',
  thoughtFor: 'Thought for {time}',
  toolRunning: 'Using {tool}',
  toolDone: 'Used {tool}',
  toolFailed: '{tool} did not work',
  toolInput: 'Input',
  toolOutput: 'Output',
  toolError: 'Error',
  sources: 'Sources',
  source: 'Source {n}: {title}',
  file: 'File',

  connecting: 'Connecting',
  restoring: 'Restoring',
  writing: 'Writing',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
  failed: 'Not connected',
  resumed: 'Back, nothing lost',

  restoringNotice: 'Restoring your conversation',
  reconnectingNotice: 'The connection was lost. Trying again.',
  reconnectingRunNotice: 'The connection was lost, the answer was not: what is missing will follow.',
  offlineNotice: 'You are offline. Everything here is kept and goes on once you are back.',
  failedNotice: 'The chat cannot be reached.',
  unavailableNotice: 'The chat cannot be opened right now. Trying again.',
  refusedNotice: 'This chat is not available on this site.',
  expiredNotice: 'This conversation has expired.',
  readOnlyNotice: 'This conversation can be read here, but not continued.',
  rateLimitedNotice: 'That was a lot at once. You can send again in {time}.',
  rateLimitedPendingNotice: 'That was a lot at once. Your message will be sent in {time}.',
  rateLimitedOverNotice: 'That was a lot at once. You can send again now.',
  busyNotice: 'The service is busy. Trying again in {time}.',
  busyOverNotice: 'The service is busy. Please try again.',
  tooLongNotice: 'That message is too long.',
  fullNotice: 'This conversation is full.',
  runActiveNotice: 'An answer is still being written. Please wait for its end, or stop it.',
  errorNotice: 'That did not work.',

  sending: 'Sending',
  waiting: 'Kept until it can be sent',
  stopped: 'Stopped',
  recovering: 'Interrupted. Picking it up again.',
  recovered: 'Recovered after an interruption',
  answerFailed: 'The answer could not be written.',
  answerTimedOut: 'The answer took too long.',
  answerInterrupted: 'The answer was interrupted too often.',
  answerLost: 'The answer was lost.',
  partNotShown: 'This part could not be shown.',

  announceWriting: 'An answer is being written.',
  announceRestored: 'Your conversation is back.',
  announceReconnected: 'The connection is back.',
  announceCopied: 'Copied to the clipboard.',
  announceRated: 'Thank you for your feedback.',
  announceExported: 'The conversation was saved.',

  seconds: '{n} s',
  minutes: '{n} min',
} as const satisfies Record<string, string>;

/** The names of the texts. */
export type StringName = keyof typeof en;

/** A text for each plural category of its language (https://cldr.unicode.org/index/cldr-spec/plural-rules). */
export type PluralForms = { readonly [Category in Intl.LDMLPluralRule]?: string } & { readonly other: string };

/** Texts that count something: a language with more than one plural gives a form for each. */
type CountingName = 'launcherUnreadMany' | 'seconds' | 'minutes';

/** The texts of the widget in one language. */
export type Strings = {
  readonly [Name in StringName]: Name extends CountingName ? string | PluralForms : string;
};
