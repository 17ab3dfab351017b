import { render } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'

import { App } from './app'
import { queryClient } from './query-client'

/** Opens the dashboard at an address, for a test; the hands of the one who uses it. */
export function openDashboard(address: string) {
  window.history.replaceState(null, '', address)
  render(<App queries={queryClient()} />)
  return userEvent.setup()
}
