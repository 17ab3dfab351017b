import { useMessages } from '@/shared/i18n/language'

import { classes } from './classes'

/** "Not a diagnosis", shown wherever results are. */
export function Disclaimer({ className }: { className?: string }) {
  return (
    <p className={classes('text-xs leading-4 text-muted', className)}>
      {useMessages().notADiagnosis}
    </p>
  )
}
