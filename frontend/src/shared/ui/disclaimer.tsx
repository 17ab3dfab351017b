import { useMessages } from '@/shared/i18n/language'

import { classes } from './classes'

/** Stands wherever results are shown. */
export function Disclaimer({ className }: { className?: string }) {
  return (
    <p className={classes('text-xs leading-4 text-muted', className)}>
      {useMessages().notADiagnosis}
    </p>
  )
}
