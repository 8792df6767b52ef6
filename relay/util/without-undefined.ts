/** `T`, in which keys whose value may be undefined are optional instead. */
type WithoutUndefined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/**
 * A copy without the fields that are undefined: for spreading optional values into options, where an option that is
 * present but undefined would override its default.
 *
 * @example
 * withoutUndefined({ prompt: undefined, limit: 3 }) // { limit: 3 }
 */
export function withoutUndefined<T extends object>(fields: T): WithoutUndefined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as WithoutUndefined<T>;
}
