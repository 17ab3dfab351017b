import { useCallback, useSyncExternalStore } from 'react'

const PREFIX = 'pneumocam.'
const listeners = new Map<string, Set<() => void>>()

/** A choice of this person in this browser. What it may be is named, so that old values fall away. */
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

/** What was read last, so that reading the same again gives the same object. */
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
    // Storage may be forbidden, or hold what an older version wrote.
    return fallback
  }
}

export function writePreference<T>({ key }: Preference<T>, value: T): void {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value))
  } catch {
    // Without storage the choice lasts as long as the page; there is nothing to do about it.
  }
  listeners.get(key)?.forEach((listener) => listener())
}

/** The choice and how to change it; every component that uses it follows. */
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
