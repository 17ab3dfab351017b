import { useCallback, useSyncExternalStore } from 'react'

const PREFIX = 'pneumocam.'
const listeners = new Map<string, Set<() => void>>()

/** A setting kept in this browser. `parse` drops values of older versions. */
export interface Preference<T> {
  key: string
  fallback: T
  parse: (stored: unknown) => T | undefined
}

export function oneOf<T extends string>(
  key: string,
  values: readonly T[],
  fallback: T,
): Preference<T> {
  return { key, fallback, parse: (stored) => values.find((value) => value === stored) }
}

export function flag(key: string, fallback: boolean): Preference<boolean> {
  return {
    key,
    fallback,
    parse: (stored) => (typeof stored === 'boolean' ? stored : undefined),
  }
}

export function fraction(key: string, fallback: number): Preference<number> {
  return {
    key,
    fallback,
    parse: (stored) =>
      typeof stored === 'number' && stored >= 0 && stored <= 1 ? stored : undefined,
  }
}

/** The last value read per key: reading the same text again returns the same object. */
const lastRead = new Map<string, { stored: string; value: unknown }>()

export function readPreference<T>({ key, fallback, parse }: Preference<T>): T {
  try {
    const stored = localStorage.getItem(PREFIX + key)
    if (stored === null) return fallback
    const last = lastRead.get(key)
    if (last?.stored === stored) return last.value as T
    const value = parse(JSON.parse(stored)) ?? fallback
    lastRead.set(key, { stored, value })
    return value
  } catch {
    // Storage may be forbidden, or hold a value of an older version.
    return fallback
  }
}

export function writePreference<T>({ key }: Preference<T>, value: T): void {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value))
  } catch {
    // Without storage the setting lasts as long as the page.
  }
  listeners.get(key)?.forEach((listener) => listener())
}

/** The setting and its setter. Every component that uses it is updated. */
export function usePreference<T>(preference: Preference<T>): [T, (value: T) => void] {
  const { key } = preference
  const subscribe = useCallback(
    (listener: () => void) => {
      const ofKey = listeners.get(key) ?? new Set()
      listeners.set(key, ofKey.add(listener))
      return () => ofKey.delete(listener)
    },
    [key],
  )
  const value = useSyncExternalStore(subscribe, () => readPreference(preference))
  return [value, (next) => writePreference(preference, next)]
}
