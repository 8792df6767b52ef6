/**
 * Sets again what a page set before the element's class was defined: such values are properties of the element itself
 * and hide the accessors of the class.
 */
export function takeEarlyValues(element: object, names: readonly string[]): void {
  for (const name of names) {
    if (!Object.hasOwn(element, name)) continue;
    const value: unknown = Reflect.get(element, name);
    Reflect.deleteProperty(element, name);
    Reflect.set(element, name, value);
  }
}
