"""The words that each language keeps for itself, which no exported name may be; every target reads them here.

    WORDS       language -> its key words, and the names that its compilers and the headers of an export give a meaning
    LIBRARY     functions that a linker or a header knows: good names for a number, not for the exported function

A name that is good in one language is good in all, so that an export has the same names in every one of them.
"""

from __future__ import annotations

import re

from micrograd.ops import TABLE

C = """
asm auto break case char const continue default do double else enum extern float for fortran goto if inline int long
register restrict return short signed sizeof static struct switch typedef typeof union unsigned void volatile while
alignas alignof bool constexpr false nullptr static_assert thread_local true typeof_unqual main
fabs nearbyint isfinite isnan isinf signbit INFINITY NAN NULL EOF MAXFLOAT DOMAIN SING OVERFLOW UNDERFLOW PLOSS TLOSS
X_TLOSS assert complex errno imaginary math_errhandling stdin stdout stderr linux unix i386 sun sparc mips
BUFSIZ NFDBITS WCONTINUED WEXITED WEXITSTATUS WIFCONTINUED WIFEXITED WIFSIGNALED WIFSTOPPED WNOHANG WNOWAIT WSTOPPED
WSTOPSIG WTERMSIG WUNTRACED
"""
CPP = """
and and_eq bitand bitor catch char8_t char16_t char32_t class co_await co_return co_yield compl concept const_cast
consteval constinit decltype delete dynamic_cast explicit export friend mutable namespace new noexcept not not_eq
operator or or_eq private protected public reinterpret_cast requires static_cast template this throw try typeid typename
using virtual wchar_t xor xor_eq
"""
JAVASCRIPT = """
arguments async await break case catch class const continue debugger default delete do else enum eval export extends
false finally for function if implements import in instanceof interface let new null package private protected public
return static super switch this throw true try typeof undefined var void while with yield
Float64Array Infinity Int32Array Math NaN Number RangeError
"""
PYTHON = """
False None True and as assert async await break class continue def del elif else except finally for from global if
import in is lambda nonlocal not or pass raise return try while with yield
math float len map range OverflowError ValueError ZeroDivisionError
"""
WORDS = {
    name: frozenset(words.split())
    for name, words in (("c", C), ("c++", CPP), ("javascript", JAVASCRIPT), ("python", PYTHON))
}
OURS = frozenset("out total i j".split())
RESERVED = frozenset().union(*WORDS.values(), OURS)
MACRO = re.compile("(?=(.*[A-Z]){2})[A-Z][A-Z0-9_]*")  # in C, names in capitals are macros

# Those of C with their forms for float and long double, and words of POSIX that a program may well call
REAL = """
acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 exp10 expm1 fdim floor fma fmax
fmin fmod frexp hypot ilogb isinf isnan ldexp lgamma llrint llround log log10 log1p log2 logb lrint lround modf nan
nextafter nexttoward pow remainder remquo rint round roundeven scalbln scalbn sin sinh sqrt tan tanh tgamma trunc drem
finite gamma j0 j1 jn pow10 scalb significand sincos y0 y1 yn fabs nearbyint fmaximum fminimum llogb nextup nextdown
canonicalize
"""
OTHER = """
abort abs aligned_alloc alloca asctime atexit atof atoi atol atoll bcmp bcopy bsearch bzero cabs cacos cacosh calloc
carg casin casinh catan catanh ccos ccosh cexp cimag clearerr clock clog conj cpow cproj creal csin csinh csqrt ctan
ctanh ctime difftime div exit fclose feof ferror fflush ffs fgetc fgetpos fgets fopen fprintf fputc fputs fread free
freopen fscanf fseek fsetpos ftell fwrite getc getchar getenv gets gettext gmtime imaxabs imaxdiv index isalnum
isalpha isascii isblank iscntrl isdigit isgraph islower isprint ispunct isspace isupper isxdigit labs ldiv llabs lldiv
localeconv localtime longjmp malloc mblen mbstowcs mbtowc memccpy memchr memcmp memcpy memmove mempcpy memset mktime
perror printf putc putchar puts qsort raise rand realloc remove rename rewind rindex scanf setbuf setjmp setlocale
setvbuf signal snprintf sprintf srand sscanf stpcpy stpncpy strcasecmp strcat strchr strcmp strcoll strcpy strcspn
strdup strerror strftime strlen strncasecmp strncat strncmp strncpy strndup strpbrk strrchr strspn strstr strtod
strtof strtok strtol strtold strtoll strtoul strtoull strxfrm system time tmpfile tmpnam toascii tolower toupper
ungetc vfprintf vfscanf vprintf vscanf vsnprintf vsprintf vsscanf wcstombs wctomb isgreater isgreaterequal isless
islessequal islessgreater isunordered isnormal fpclassify issignaling issubnormal iszero iscanonical iseqsig accept
access alarm bind chdir chmod chown close connect creat dup execl execv fork ftruncate getpid ioctl kill link listen
lseek mkdir mmap open pause pipe poll random read readlink recv rmdir select send shutdown sleep socket srandom stat
symlink sync truncate umask unlink usleep wait write signgam std strdupa strndupa strnlen posix_memalign ffsl ffsll
be16toh be32toh be64toh htobe16 htobe32 htobe64 htole16 htole32 htole64 le16toh le32toh le64toh
"""
LIBRARY = frozenset(
    [*[name + form for name in REAL.split() for form in ("", "f", "l", "_r", "f_r", "l_r")], *OTHER.split()]
)


def reserved(name: str) -> bool:
    """Whether a name is taken: by a primitive, as a word of a language, by C for its compilers, or maybe as a macro.

    >>> [name for name in ("M_PI", "__func__", "_Bool", "asm", "linux", "lambda", "weight", "y1") if not reserved(name)]
    ['weight', 'y1']
    """
    taken = name in RESERVED or name in TABLE or "__" in name
    return taken or re.match("_[A-Z]", name) is not None or MACRO.fullmatch(name) is not None


def harmless(name: str) -> str:
    """A name of which C leaves no part to its compilers, and which is no macro; it may still be a word.

    >>> [harmless(name) for name in ("M_PI", "__func__", "_Bool", "x__2", "weight", "int")]
    ['m_pi', '_func_', 'Bool', 'x_2', 'weight', 'int']
    """
    name = re.sub("__+", "_", name)
    name = name[1:] if re.match("_[A-Z]", name) else name
    return name.lower() if MACRO.fullmatch(name) else name


def function_name(name: object) -> bool:
    """Whether a function may have this name in every language, beside the libraries that it is linked with.

    >>> function_name("model"), function_name("y1"), function_name("M_PI"), function_name("λ")
    (True, False, False, False)
    """
    if not isinstance(name, str) or not name.isidentifier() or not name.isascii():
        return False
    if name in LIBRARY or name.endswith("_unlocked"):
        return False
    return not reserved(name.lower() if MACRO.fullmatch(name) and "_" not in name and name not in RESERVED else name)
