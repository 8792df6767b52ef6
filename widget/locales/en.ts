/**
 * Every text the widget shows or has read out. `{…}` stands for a value that is put in when it is shown.
 * A page overrides any of them with the element's `strings` property.
 */
export const en = {
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

  announceWriting: 'An answer is being written.',
  announceRestored: 'Your conversation is back.',
  announceReconnected: 'The connection is back.',
  announceCopied: 'Copied to the clipboard.',
  announceRated: 'Thank you for your feedback.',
  announceExported: 'The conversation was saved.',

  seconds: '{n} s',
  minutes: '{n} min',
} as const satisfies Record<string, string>;

export type StringName = keyof typeof en;
export type Strings = { readonly [Name in StringName]: string };

/** Puts values into a text: `fill('Used {tool}', {tool: 'search'})`. A name without a value stays as it stands. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A waiting time for people: seconds below two minutes, minutes above, never less than one second. */
export function duration(ms: number, strings: Strings): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  return seconds < 120 ? fill(strings.seconds, { n: seconds }) : fill(strings.minutes, { n: Math.ceil(seconds / 60) });
}
