import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { App } from './app'
import { askEarly } from './ask-early'
import { queryClient } from './query-client'
import './styles.css'

const element = document.getElementById('root')
if (element === null) throw new Error('the page has no #root')
const root = createRoot(element)
const queries = queryClient()
void askEarly(queries, window.location).then(() => {
  root.render(
    <StrictMode>
      <App queries={queries} />
    </StrictMode>,
  )
})
