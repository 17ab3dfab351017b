/** The grid that head and rows share; narrower screens have fewer columns. */
export const COLUMNS =
  'grid grid-cols-[minmax(0,1fr)_10rem] items-center gap-x-4 px-4 ' +
  'md:grid-cols-[1.5rem_8.5rem_14rem_minmax(0,1fr)_5rem] ' +
  'lg:grid-cols-[1.5rem_8.5rem_12rem_minmax(0,1fr)_3rem_4rem_4rem_5rem_5rem] ' +
  'xl:grid-cols-[1.5rem_8.5rem_14rem_minmax(0,2fr)_minmax(0,1fr)_3rem_5rem_4rem_6rem_6rem]'

export const FROM_MD = 'max-md:hidden'
export const FROM_LG = 'max-lg:hidden'
export const FROM_XL = 'max-xl:hidden'
