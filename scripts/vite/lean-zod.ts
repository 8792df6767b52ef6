/**
 * The little of `zod/mini` that `shared/protocol.ts` is written in, for the widget's build: it tells whether a value
 * fits, and hands on the same value. The relay and the tests use zod itself; lean-zod.test.ts holds the two together.
 */
interface Schema {
  accepts(value: unknown): boolean;
  check(...checks: readonly Check[]): Schema;
  safeParse(value: unknown): { success: true; data: unknown } | { success: false };
  /** Of an object: the schemas of its fields. */
  readonly shape: Shape;
}

type Check = (value: never) => boolean;
type Shape = Readonly<Record<string, Schema>>;

function create(accepts: (value: unknown) => boolean, shape: Shape = {}): Schema {
  return {
    accepts,
    shape,
    check: (...checks) => create((value) => accepts(value) && checks.every((check) => check(value as never)), shape),
    safeParse: (data) => (accepts(data) ? { success: true, data } : { success: false }),
  };
}

/* The mark lets the build leave out what the widget does not use. */

/* @__NO_SIDE_EFFECTS__ */
export function config(): void {}

/* @__NO_SIDE_EFFECTS__ */
export function unknown(): Schema {
  return create(() => true);
}

/* @__NO_SIDE_EFFECTS__ */
export function string(): Schema {
  return create((value) => typeof value === 'string');
}

/* @__NO_SIDE_EFFECTS__ */
export function number(): Schema {
  return create(Number.isFinite);
}

/* @__NO_SIDE_EFFECTS__ */
export function boolean(): Schema {
  return create((value) => typeof value === 'boolean');
}

/* @__NO_SIDE_EFFECTS__ */
export function literal(wanted: string): Schema {
  return create((value) => value === wanted);
}

/* @__NO_SIDE_EFFECTS__ */
function oneOf(wanted: readonly unknown[]): Schema {
  return create((value) => wanted.includes(value));
}

/* @__NO_SIDE_EFFECTS__ */
export function optional(schema: Schema): Schema {
  return create((value) => value === undefined || schema.accepts(value));
}

/* @__NO_SIDE_EFFECTS__ */
export function nullable(schema: Schema): Schema {
  return create((value) => value === null || schema.accepts(value));
}

/* @__NO_SIDE_EFFECTS__ */
export function array(item: Schema): Schema {
  return create((value) => Array.isArray(value) && value.every((one) => item.accepts(one)));
}

/* @__NO_SIDE_EFFECTS__ */
export function looseObject(shape: Shape): Schema {
  const fields = Object.entries(shape);
  return create((value) => isObject(value) && fields.every(([name, field]) => field.accepts(value[name])), shape);
}

/* @__NO_SIDE_EFFECTS__ */
export function strictObject(shape: Shape): Schema {
  const loose = looseObject(shape);
  return create(
    (value) => loose.accepts(value) && Object.keys(value as object).every((name) => Object.hasOwn(shape, name)),
    shape,
  );
}

/* @__NO_SIDE_EFFECTS__ */
export function union(options: readonly Schema[]): Schema {
  return create((value) => options.some((option) => option.accepts(value)));
}

/** By the field of this name, so that a value is not held against every option. */
/* @__NO_SIDE_EFFECTS__ */
export function discriminatedUnion(name: string, options: readonly Schema[]): Schema {
  return create(
    (value) =>
      isObject(value) && options.find(({ shape }) => shape[name]?.accepts(value[name]))?.accepts(value) === true,
  );
}

/** Transformations here change the type that TypeScript sees and nothing else. */
/* @__NO_SIDE_EFFECTS__ */
export function pipe(schema: Schema): Schema {
  return schema;
}

/* @__NO_SIDE_EFFECTS__ */
export function transform(): null {
  return null;
}

/* @__NO_SIDE_EFFECTS__ */
export function refine(check: Check): Check {
  return check;
}

/* @__NO_SIDE_EFFECTS__ */
export function regex(pattern: RegExp): Check {
  return (value: string) => pattern.test(value);
}

/* @__NO_SIDE_EFFECTS__ */
export function minLength(length: number): Check {
  return (value: { length: number }) => value.length >= length;
}

/* @__NO_SIDE_EFFECTS__ */
export function maxLength(length: number): Check {
  return (value: { length: number }) => value.length <= length;
}

export { oneOf as enum };

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
