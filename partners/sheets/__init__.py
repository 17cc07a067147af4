"""Lists of the catalogue as spreadsheets and back: export, edit, import with a preview of every cell.

`registry` says which lists there are and what identifies a row, `cells` how a value becomes a cell and a cell a
value, `writing` makes files, `reading` opens them, `comparing` says what each row would do, `imports` is the job.
"""
