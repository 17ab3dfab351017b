import { render } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'

import { App } from './app'
import { queryClient } from './query-client'

/** Open the dashboard at an address for a test, and return the simulated user. */
export function openDashboard(address: string) {
  window.history.replaceState(null, '', address)
  render(<App queries={queryClient()} />)
  return userEvent.setup()
}
