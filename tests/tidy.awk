# The house rules that can be read off the text, one line at a time. Run by tidy.sh, which sets `root` (length of the
# prefix to cut from file names). Knows the style (functions open and close with a brace in column 0), not the C grammar.

BEGIN {
  # Foreign headers: pattern of the header's name -> pattern of the files that may include it. Never a header of ours.
  foreign["^fuse(3/|_|\\.h)"] = "^zfs-views/"
  foreign["^libcgroup|^cgroup\\.h|^netlink/|^bpf/|^linux/bpf"] = "^kernel-facing/"
  foreign["^nftables/"] = "^(kernel-facing|tests)/"
  foreign["^leveldb/"] = "^ledger/store/"
  foreign["^sodium"] = "^ledger/crypto/"
  foreign["^raft\\.h"] = "^ledger/engine/"
  foreign["^uv\\.h"] = "^common/loop(_[a-z]+)?\\.c"
  foreign["^seccomp\\.h|^cap-ng\\.h"] = "^common/confine(_[a-z]+)?\\.c"
  foreign["^ini\\.h"] = "^common/conf(_[a-z]+)?\\.c"
  foreign["^systemd/"] = "^common/(log|notify)\\.c"
  foreign["^jansson\\.h"] = "^(kernel-facing|zfs-views)/"
  foreign["^check\\.h"] = "^tests/"

  # Who may include whom: a folder -> pattern of our headers that it may name. The longest folder that fits counts.
  may["common"] = "^common/"
  may["kernel-facing"] = "^(common|kernel-facing)/"
  may["zfs-views"] = "^(common|zfs-views)/|^ledger/crypto/(hash|merkle)\\.h$"
  may["broker"] = "^(common|broker)/|^kernel-facing/kernel\\.h$"
  may["ledger"] = "^(common|ledger)/"
  may["ledger/crypto"] = "^(common|ledger/crypto)/"
  may["ledger/state"] = "^(common|ledger/state|ledger/chain)/|^ledger/crypto/(hash|merkle)\\.h$"
  may["ledger/chain"] = may["ledger/state"]
  may["cli"] = "^(common|cli|ledger/crypto|ledger/state)/"
  may["tests"] = "^(common|kernel-facing|zfs-views|broker|ledger|cli|tests)/"
  may["bench"] = "^(common|kernel-facing|zfs-views|broker|ledger|cli|bench)/"

  # The pure folders: what they may take from the C library, and what they may not call.
  pure = "^ledger/(state|chain)/"
  pure_headers = "^(assert|ctype|errno|inttypes|limits|stdbool|stddef|stdint|stdio|stdlib|string|uthash|utlist|utarray|utstring)\\.h$"
  impure_calls = "(^|[^A-Za-z0-9_.>])(time|clock|clock_gettime|gettimeofday|localtime|gmtime|rand|random|getrandom|getenv" \
    "|f?open|f?scanf|f?putc|putchar|fread|fwrite|fflush|openat|p?read|p?write|v?f?printf|puts|fputs|perror|socket|send|recv|ioctl|syscall)[ \t]*\\("

  # The one helper that ends the process when there is no memory.
  last_words = "ledger/state/books.c"
  word_end = "([^A-Za-z0-9_]|$)"
}

function say(line, rule, text) { printf "%s:%d: %s: %s\n", name, line, rule, text }

function word(s, w) { return s ~ ("(^|[^A-Za-z0-9_])(" w ")" word_end) }

# The line without comments and without what stands in quotes; in_comment carries over lines.
function code_of(s,    out, two, quoted) {
  out = ""
  while (s != "") {
    if (in_comment) {
      if (!index(s, "*/"))
        return out
      s = substr(s, index(s, "*/") + 2)
      in_comment = 0
    }
    if (!match(s, /\/\*|\/\/|"|'/))
      return out s
    out = out substr(s, 1, RSTART - 1)
    two = substr(s, RSTART, 2)
    s = substr(s, RSTART)
    if (two == "//")
      return out
    if (two == "/*") {
      in_comment = 1
      s = substr(s, 3)
      continue
    }
    quoted = substr(s, 1, 1) == "\"" ? match(s, /^"([^"\\]|\\.)*"/) : match(s, /^'([^'\\]|\\.)*'/)
    if (!quoted)
      return out s
    out = out "\"\""
    s = substr(s, RLENGTH + 1)
  }
  return out
}

function count(s, c) { return gsub(c, "", s) }

function open_file() {
  name = substr(FILENAME, root + 1)
  lang = name ~ /\.[ch]$/ ? "c" : (name ~ /\.sh$|^\.ci\/run$/ ? "sh" : "text")
  folder = name
  while (sub(/\/[^\/]*$/, "", folder) && !(folder in may))
    ;
  in_comment = 0
  continues = 0
  depth = 0
  opened = 0
  opening_comment = name ~ /\.c$/
}

function close_file() {
  if (lang == "text")
    return
  if (last > 500)
    say(last, "file-length", last " lines, 500 at most; split on meaning")
  if (opened)
    say(opened, "brace", "this block never closes in column 0")
  if (opening_comment)
    say(1, "opening", "say in 3 to 10 comment lines what this file knows and what it does not know")
}

# Any text ---------------------------------------------------------------------------------------------------------

function check_text() {
  if ($0 ~ /[ \t]$/)
    say(FNR, "blank", "trailing blank")
  if ($0 ~ /(^|[^A-Za-z0-9_])(TO[D]O|FIX[M]E|X[X]X|HA[C]K)([^A-Za-z0-9_]|$)/)
    say(FNR, "unfinished", "finish it, or leave it out")
  if ($0 ~ /(^|[^A-Za-z0-9_.}>*])\/wor[k]\/(wt|main|shared|\.)/ || tolower($0) ~ /sub[-]?agen[t]/)
    say(FNR, "workplace", "this belongs to a workplace, not to the project")
}

function check_shape(    wide, n) {
  wide = $0
  if (length($0) > 80) {
    gsub(/\t/, "        ", wide)
    if (length(wide) > 140)
      say(FNR, "line-length", length(wide) " columns, 140 at most")
  }
  if ($0 ~ /[^\t -~]/)
    say(FNR, "ascii", "code is English in ASCII")
  if (opened && $0 ~ /^\}/) {
    n = FNR - opened + 1
    if (n > 60)
      say(opened, "function-length", n " lines, 60 at most")
    opened = 0
  }
}

# C ----------------------------------------------------------------------------------------------------------------

function check_opening() {
  if (FNR == 1 && $0 !~ /^\/\*/)
    return
  if (FNR >= 3) {
    opening_comment = 0
    return
  }
  if (index($0, "*/")) {
    say(FNR, "opening", "the opening comment is shorter than 3 lines")
    opening_comment = 0
  }
}

function check_include(    header, pattern, ours) {
  header = $0
  ours = header ~ /include[ \t]*"/
  sub(/^[^"<]*["<]/, "", header)
  sub(/[">].*$/, "", header)
  if (ours && header != "config.h" && header !~ may[folder])
    say(FNR, "include", folder " may not include \"" header "\"")
  for (pattern in foreign)
    if (!ours && header ~ pattern) {
      if (name ~ /\.h$/)
        say(FNR, "foreign", "<" header "> is for .c files only")
      else if (name !~ foreign[pattern] && name !~ /^(tests|bench)\//)
        say(FNR, "foreign", "<" header "> is for " foreign[pattern])
    }
  if (!ours && name ~ pure && header !~ pure_headers)
    say(FNR, "pure", "<" header "> has no place in a pure folder")
}

function check_words(s) {
  if (word(s, "goto"))
    say(FNR, "goto", "use a cleanup attribute of common/cleanup.h")
  if (s ~ /(^|[^A-Za-z0-9_])default[ \t]*:/)
    say(FNR, "default", "name every case, so that the compiler tells which one is missing")
  if (word(s, "setlocale"))
    say(FNR, "locale", "every program runs in the C locale, so that text means the same everywhere")
  if (s ~ /(^|[^A-Za-z0-9_])typedef[ \t]+(const[ \t]+)?(struct|union)/)
    say(FNR, "typedef", "a struct is called a struct")
  if (name != "common/units.h" && word(s, "(money|price|qty|height|lane)_"))
    say(FNR, "units", "only common/units.h touches the field inside")
  if (name ~ pure) {
    if (word(s, "float|double"))
      say(FNR, "pure", "no floating point in a pure folder")
    if (s ~ impure_calls && !(name == last_words && s ~ /fprintf\(stderr, /))
      say(FNR, "pure", "no clock, chance, environment or input and output in a pure folder")
  }
}

# Is this line of file scope the declaration of a variable that can change? A type called _fn is a function's.
function is_mutable(s,    first) {
  if (s !~ /^[A-Za-z_]/ || s ~ /^(typedef|[a-z_]+_fn[ \t]|static_assert|_Static_assert|extern[ \t]+"|else|case)/)
    return 0
  gsub(/__attribute__[ \t]*\(\(.*\)\)/, "", s)
  gsub(/\{[^{}]*\}/, "", s)
  if (s ~ /^(struct|enum|union)[ \t]+[A-Za-z0-9_]+[ \t]*(;|\{|$)/ || s ~ /^enum[ \t]*\{/)
    return 0
  if (!match(s, /[(=;\[]/))
    return 0
  first = substr(s, RSTART)
  if (first ~ /^\([ \t]*\*/)
    return first !~ /^\([ \t]*\*[ \t]*const/
  if (first ~ /^\(/ || substr(s, 1, RSTART - 1) !~ /[A-Za-z0-9_][ \t*]+[A-Za-z0-9_]/)
    return 0
  first = substr(s, 1, RSTART - 1)
  return !word(first, "const") || (first ~ /\*/ && first !~ /\*[ \t]*const/)
}

function check_globals(s) {
  if (name ~ /^(tests|bench)\// || name == "common/log.c")
    return
  if (depth == 0 ? is_mutable(s) : opened && s ~ /^[ \t]+static[ \t]/ && is_mutable(substr(s, match(s, /static/))))
    say(FNR, "global", "no state outside an object")
}

function check_c(    s) {
  if (FNR == 1 && name !~ /\//)
    say(1, "folder", "code belongs in a folder")
  if (opening_comment)
    check_opening()
  if (!in_comment && $0 ~ /^[ \t]*#[ \t]*include/) {
    check_include()
    return
  }
  if (!in_comment && $0 ~ /^ +[^ *]/ && !(continues && $0 ~ /^    [^ ]/))
    say(FNR, "indent", "indent with tabs; four spaces where a line goes on")
  s = code_of($0)
  if (s ~ /^[ \t]*$/)
    return
  continues = (s !~ /[;{}:][ \t]*$/ || s ~ /=[ \t]*\{[ \t]*$/) && s !~ /^[ \t]*#/
  check_words(s)
  if (s ~ /^[ \t]*#/)
    return
  check_globals(s)
  if (s ~ /^\{/ && s !~ /\}/)
    opened = FNR
  else if (depth == 0 && s ~ /^[A-Za-z_].*\)[ \t]*\{[ \t]*$/ && s !~ /=/)
    say(FNR, "brace", "a function's brace stands in column 0")
  depth += count(s, "{") - count(s, "}")
}

# ------------------------------------------------------------------------------------------------------------------

FNR == 1 {
  if (NR > 1)
    close_file()
  open_file()
}

{
  last = FNR
  check_text()
  if (lang == "text")
    next
  check_shape()
  if (lang == "c")
    check_c()
  else if ($0 ~ /^[A-Za-z_0-9]+\(\)[ \t]*[{(]/ && $0 !~ /[})]$/)
    opened = FNR
}

END { if (NR) close_file() }
