import { TriangleAlert } from 'lucide-react'
import { Component, type ReactNode } from 'react'

import { useMessages } from '@/shared/i18n/language'
import { Button } from '@/shared/ui/button'
import { Notice } from '@/shared/ui/notice'

/** Shown instead of a page whose rendering failed. */
export class Crash extends Component<{ children: ReactNode }, { hasCrashed: boolean }> {
  override state = { hasCrashed: false }

  static getDerivedStateFromError() {
    return { hasCrashed: true }
  }

  override render() {
    return this.state.hasCrashed ? <CrashNotice /> : this.props.children
  }
}

function CrashNotice() {
  const { failure } = useMessages()
  return (
    <main className="pt-16">
      <Notice icon={TriangleAlert} title={failure.crashed} role="alert">
        <p>{failure.crashedHint}</p>
        <Button onClick={() => window.location.reload()}>{failure.reload}</Button>
      </Notice>
    </main>
  )
}
