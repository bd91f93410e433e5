" Colours for claw where no language server runs.
if exists('b:current_syntax') | finish | endif
syntax keyword clawDeclaration package use tiers environments roles labels tags origins agent user context record enum tool resource prompt let live predicate window scope grant approval classify matrix constraints rule limit extern lifecycle invariant test
syntax keyword clawClause on when unless where to for by of each max per sum beyond expires reuse note within with from is pinned includes days hours zone except call expect because reason at fails tier
syntax keyword clawEffect allow deny require constrain mark marks suggest never always
syntax keyword clawOperator and or not in under like matches else as all any none count prior tagged
syntax keyword clawBoolean true false
syntax match clawNumber /\<\d[0-9_.:a-zT+-]*\>/
syntax region clawString start=/"/ skip=/\\./ end=/"/ oneline
syntax region clawRaw start=/\<r\z(#*\)"/ end=/"\z1/
syntax match clawAttribute /@\w\+/
syntax match clawComment /\/\/.*$/
highlight default link clawDeclaration Keyword
highlight default link clawClause Statement
highlight default link clawEffect Special
highlight default link clawOperator Operator
highlight default link clawBoolean Boolean
highlight default link clawNumber Number
highlight default link clawString String
highlight default link clawRaw String
highlight default link clawAttribute PreProc
highlight default link clawComment Comment
let b:current_syntax = 'claw'
