/*
 * V2V first boot runner: a Windows service that runs the scripts which a conversion left in a guest, once, and then removes itself.
 *
 * It stands in a folder of its own and knows no other place:
 *
 *   v2v-firstboot.exe    this program
 *   firstboot.ini        optional settings, see load_settings
 *   scripts\*.cmd        run in the order of their names, one at a time, as LocalSystem
 *   state\               the journal: one small file an event, see below
 *   logs\NAME.cmd.log    what the script printed, in the code page in which it printed it
 *   firstboot.log        what happened when (UTF-8)
 *   result.txt           the outcome of each script, written when all is done
 *
 * What a script's exit code says:
 *
 *   0                    done
 *   3010, 1641           done, and Windows has to restart (Windows Installer's codes); the restart waits until the last script has run
 *   249                  not yet: restart Windows, run this script again, and only then those after it
 *   anything else        failed; recorded, and the next script runs
 *
 * A script finds in its environment V2V_FIRSTBOOT, this folder, and V2V_RETRIES_LEFT, how often it may still end with 249.
 *
 * The journal is what prevents a loop. Before a script runs, state\NAME.started-N is created and flushed. A script that is found started but
 * without a result brought Windows down or was cut off by a shutdown; it is tried again at most UnfinishedRetries times. Restarts are counted
 * in the same way before they are asked for. What cannot be written down is not done: no script runs and Windows is not restarted without a
 * journal. Each event is a file of its own because an empty file fits into NTFS's master file table, which has room when the disk has none,
 * and because nothing has to be parsed.
 *
 * Freestanding: kernel32 and advapi32 only, no C run-time library, no call that Windows XP lacks.
 */
#define WIN32_LEAN_AND_MEAN
#define UNICODE
#define _WIN32_WINNT 0x0600 /* for the names of Vista's constants; guarded by the version where they are used */
#include <windows.h>
#include <stdarg.h>

#define SERVICE_NAME L"V2VFirstBoot"

#define EXIT_RETRY_AFTER_RESTART 249
#define MAX_FOLDER 150
#define MAX_NAME 80   /* of a script, so that every path stays below MAX_PATH */
#define PATH_SIZE 280
#define MAX_LOG_BYTES (64u << 20)
#define SURVIVOR_SECONDS 60
#define SHUTDOWN_REASON 0x80020004u /* planned, operating system: reconfiguration */

enum outcome { DONE, DONE_WANTS_RESTART, TRY_AGAIN, FAILED, INTERRUPTED };

static WCHAR folder[MAX_FOLDER];
static HANDLE stop_event;
static volatile DWORD stop_grace; /* milliseconds that a running script is given once stop_event is set */
static SERVICE_STATUS_HANDLE status_handle;
static SERVICE_STATUS status;
static CRITICAL_SECTION status_lock; /* the control handler has a thread of its own */
static UINT limit_seconds, unfinished_retries, retry_limit, restart_limit;

/* ---- What the compiler and this program need of a C library. ---------------------------------------------------------------------------- */

void *memset(void *to, int value, size_t count)
{
    unsigned char *t = to;
    while (count--) {
        *t++ = (unsigned char)value;
    }
    return to;
}

void *memcpy(void *to, const void *from, size_t count)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    while (count--) {
        *t++ = *f++;
    }
    return to;
}

/* Joins strings up to NULL into a buffer; what does not fit is cut off. */
static DWORD join_list(WCHAR *buffer, DWORD size, va_list parts)
{
    DWORD length = 0;
    const WCHAR *part;
    while ((part = va_arg(parts, const WCHAR *)) != NULL) {
        while (*part && length + 1 < size) {
            buffer[length++] = *part++;
        }
    }
    buffer[length] = 0;
    return length;
}

static DWORD join(WCHAR *buffer, DWORD size, ...)
{
    va_list parts;
    va_start(parts, size);
    DWORD length = join_list(buffer, size, parts);
    va_end(parts);
    return length;
}

/* A path below the folder, joined from strings up to NULL. The last four results stay valid. */
static WCHAR *path(const WCHAR *first, ...)
{
    static WCHAR buffers[4][PATH_SIZE];
    static DWORD next;
    WCHAR *buffer = buffers[next++ % 4];
    DWORD start = join(buffer, PATH_SIZE, folder, first, NULL);
    va_list parts;
    va_start(parts, first);
    join_list(buffer + start, PATH_SIZE - start, parts);
    va_end(parts);
    return buffer;
}

/* A number in decimal, with leading zeros up to a width. The last sixteen results stay valid: a time takes six. */
static WCHAR *padded(DWORD value, DWORD width)
{
    static WCHAR buffers[16][12];
    static DWORD next;
    WCHAR *at = buffers[next++ % 16] + 11;
    WCHAR *end = at;
    *at = 0;
    do {
        *--at = (WCHAR)('0' + value % 10);
        value /= 10;
    } while (value || (DWORD)(end - at) < width);
    return at;
}

static WCHAR *number(DWORD value)
{
    return padded(value, 1);
}

/* Orders names as ordinals, ASCII letters without regard to case, in every language alike. */
static int compare(const WCHAR *a, const WCHAR *b)
{
    for (;; a++, b++) {
        WCHAR x = *a >= 'A' && *a <= 'Z' ? (WCHAR)(*a + 32) : *a;
        WCHAR y = *b >= 'A' && *b <= 'Z' ? (WCHAR)(*b + 32) : *b;
        if (x != y || !x) {
            return (int)x - (int)y;
        }
    }
}

/* ---- The log and the journal. ------------------------------------------------------------------------------------------------------------ */

static BOOL exists(const WCHAR *file)
{
    return GetFileAttributesW(file) != INVALID_FILE_ATTRIBUTES;
}

static HANDLE open_to_append(const WCHAR *file, BOOL inherit)
{
    SECURITY_ATTRIBUTES security = { sizeof security, NULL, inherit };
    return CreateFileW(file, FILE_APPEND_DATA | SYNCHRONIZE | FILE_READ_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       &security, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
}

static void write_text(HANDLE file, const WCHAR *text)
{
    static char bytes[3 * 1024];
    int length = WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, sizeof bytes, NULL, NULL);
    DWORD written;
    if (length > 1) {
        WriteFile(file, bytes, (DWORD)length - 1, &written, NULL);
    }
}

static const WCHAR *time_stamp(void)
{
    static WCHAR buffer[24];
    SYSTEMTIME t;
    GetLocalTime(&t);
    join(buffer, 24, padded(t.wYear, 4), L"-", padded(t.wMonth, 2), L"-", padded(t.wDay, 2), L" ", padded(t.wHour, 2), L":", padded(t.wMinute, 2),
         L":", padded(t.wSecond, 2), NULL);
    return buffer;
}

/* Adds a line, joined from strings up to NULL, to firstboot.log. A log that cannot be written stops nothing. */
static void say(const WCHAR *first, ...)
{
    static WCHAR line[1024];
    DWORD length = join(line, 1000, time_stamp(), L" ", first, NULL);
    va_list parts;
    va_start(parts, first);
    length += join_list(line + length, 1000 - length, parts);
    va_end(parts);
    line[length++] = '\r';
    line[length++] = '\n';
    line[length] = 0;
    HANDLE log = open_to_append(path(L"\\firstboot.log", NULL), FALSE);
    if (log != INVALID_HANDLE_VALUE) {
        write_text(log, line);
        CloseHandle(log);
    }
}

/* Records an event so that it survives whatever follows. */
static BOOL record(const WCHAR *file, const WCHAR *text)
{
    HANDLE event = CreateFileW(file, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL | FILE_FLAG_WRITE_THROUGH, NULL);
    if (event == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    write_text(event, text);
    BOOL flushed = FlushFileBuffers(event);
    CloseHandle(event);
    return flushed;
}

/* How many of the files WHAT-1, WHAT-2 ... the journal has. */
static DWORD count(const WCHAR *name, const WCHAR *what)
{
    DWORD n = 0;
    while (n < 1000 && exists(path(L"\\state\\", name, what, number(n + 1), NULL))) {
        n++;
    }
    return n;
}

static BOOL has_result(const WCHAR *name)
{
    return exists(path(L"\\state\\", name, L".done", NULL)) || exists(path(L"\\state\\", name, L".failed", NULL));
}

static void record_failure(const WCHAR *name, const WCHAR *why)
{
    say(name, L": FAILED: ", why, NULL);
    record(path(L"\\state\\", name, L".failed", NULL), why);
}

/* ---- The service control manager. -------------------------------------------------------------------------------------------------------- */

static void report(DWORD state)
{
    DWORD shutdown = (BYTE)GetVersion() >= 6 ? SERVICE_ACCEPT_PRESHUTDOWN : SERVICE_ACCEPT_SHUTDOWN;
    BOOL pending = state == SERVICE_STOP_PENDING;
    EnterCriticalSection(&status_lock);
    if (status.dwCurrentState == SERVICE_STOPPED) {
        LeaveCriticalSection(&status_lock);
        return;
    }
    status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    status.dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | shutdown : 0;
    status.dwCheckPoint = pending ? status.dwCheckPoint + 1 : 0;
    status.dwWaitHint = pending ? 10000 : 0;
    status.dwCurrentState = state;
    SetServiceStatus(status_handle, &status);
    LeaveCriticalSection(&status_lock);
}

static DWORD WINAPI control(DWORD what, DWORD type, void *data, void *context)
{
    (void)type, (void)data, (void)context;
    switch (what) {
    case SERVICE_CONTROL_STOP:
        stop_grace = 0;
        break;
    case SERVICE_CONTROL_PRESHUTDOWN: /* Vista and later wait for PreshutdownTimeout of the service's key: 3 minutes */
        stop_grace = 150 * 1000;
        break;
    case SERVICE_CONTROL_SHUTDOWN: /* earlier ones for WaitToKillServiceTimeout: 20 seconds */
        stop_grace = 12 * 1000;
        break;
    case SERVICE_CONTROL_INTERROGATE:
        return NO_ERROR;
    default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
    report(SERVICE_STOP_PENDING);
    SetEvent(stop_event);
    return NO_ERROR;
}

/* Waits until the time is over, or FALSE at once when the service is to stop. */
static BOOL pause(DWORD milliseconds)
{
    return WaitForSingleObject(stop_event, milliseconds) == WAIT_TIMEOUT;
}

/* ---- One script. ------------------------------------------------------------------------------------------------------------------------- */

/* A 32-bit program on 64-bit Windows sees the 32-bit system folder under the usual name. */
static void system_folder(WCHAR *buffer)
{
    typedef BOOL(WINAPI * is_wow64_process)(HANDLE, BOOL *);
    is_wow64_process is_wow64 = (is_wow64_process)(void *)GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "IsWow64Process");
    BOOL wow64 = FALSE;
    WCHAR windows[MAX_PATH];
    if (is_wow64 && is_wow64(GetCurrentProcess(), &wow64) && wow64 && GetSystemWindowsDirectoryW(windows, MAX_PATH)) {
        join(buffer, MAX_PATH, windows, L"\\Sysnative", NULL);
        if (exists(buffer)) {
            return;
        }
    }
    GetSystemDirectoryW(buffer, MAX_PATH);
}

static DWORD running_in(HANDLE job)
{
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION info;
    return QueryInformationJobObject(job, JobObjectBasicAccountingInformation, &info, sizeof info, NULL) ? info.ActiveProcesses : 0;
}

static void end_script(HANDLE job, HANDLE process)
{
    if (!job || !TerminateJobObject(job, ERROR_TIMEOUT)) {
        TerminateProcess(process, ERROR_TIMEOUT);
    }
    WaitForSingleObject(process, 10000);
}

/* Waits for a script. Its exit code, or why it was ended; nothing of either when the service has to stop. */
static BOOL wait_for(HANDLE process, HANDLE job, HANDLE log, UINT limit, DWORD *exit_code, const WCHAR **why)
{
    HANDLE handles[2] = { process, stop_event };
    DWORD started = GetTickCount(), stopping = 0;
    BOOL stop = FALSE;
    for (;;) {
        DWORD signalled = WaitForMultipleObjects(stop ? 1 : 2, handles, FALSE, 1000);
        if (signalled == WAIT_OBJECT_0) {
            return GetExitCodeProcess(process, exit_code);
        }
        if (signalled == WAIT_OBJECT_0 + 1) {
            stop = TRUE;
            stopping = GetTickCount();
        }
        if (stop) {
            report(SERVICE_STOP_PENDING);
            if (GetTickCount() - stopping >= stop_grace) {
                end_script(job, process);
                return FALSE;
            }
        }
        if ((GetTickCount() - started) / 1000 >= limit) {
            *why = L"its time was over, and it was ended";
        } else if (log != INVALID_HANDLE_VALUE && GetFileSize(log, NULL) > MAX_LOG_BYTES) {
            *why = L"it printed more than 64 MiB, and was ended";
        }
        if (*why) {
            end_script(job, process);
            return FALSE;
        }
    }
}

/* Some uninstallers end at once and leave their work to a child. A child that stays, such as a program's own service, is left alone. */
static void wait_for_children(const WCHAR *name, HANDLE job)
{
    DWORD seconds = 0;
    while (running_in(job) && seconds++ < SURVIVOR_SECONDS && pause(1000)) {
    }
    if (running_in(job)) {
        say(name, L": ", number(running_in(job)), L" of its processes go on running", NULL);
    }
}

static BOOL start(const WCHAR *name, HANDLE log, PROCESS_INFORMATION *process)
{
    static WCHAR program[MAX_PATH + 16], system[MAX_PATH], command[2 * MAX_PATH + 64];
    SECURITY_ATTRIBUTES inherited = { sizeof inherited, NULL, TRUE };
    STARTUPINFOW startup = { 0 };
    startup.cb = sizeof startup;
    startup.dwFlags = STARTF_USESTDHANDLES | STARTF_USESHOWWINDOW;
    startup.hStdInput = CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited, OPEN_EXISTING, 0, NULL);
    startup.hStdOutput = startup.hStdError = log != INVALID_HANDLE_VALUE ? log : startup.hStdInput;
    system_folder(system);
    join(program, MAX_PATH + 16, system, L"\\cmd.exe", NULL);
    /* /d: no AutoRun commands; /s: the outer quotes go, the inner ones stay. */
    join(command, 2 * MAX_PATH + 64, L"\"", program, L"\" /d /s /c \"\"", path(L"\\scripts\\", name, NULL), L"\"\"", NULL);
    BOOL ok = CreateProcessW(program, command, NULL, NULL, TRUE, CREATE_NO_WINDOW | CREATE_SUSPENDED, NULL, folder, &startup, process);
    DWORD error = GetLastError();
    CloseHandle(startup.hStdInput);
    SetLastError(error);
    return ok;
}

static enum outcome run_script(const WCHAR *name, DWORD retries_left)
{
    static WCHAR text[100];
    UINT limit = GetPrivateProfileIntW(L"LimitSeconds", name, (INT)limit_seconds, path(L"\\firstboot.ini", NULL));
    SetEnvironmentVariableW(L"V2V_FIRSTBOOT", folder);
    SetEnvironmentVariableW(L"V2V_RETRIES_LEFT", number(retries_left));
    HANDLE log = open_to_append(path(L"\\logs\\", name, L".log", NULL), TRUE);
    if (log != INVALID_HANDLE_VALUE) {
        join(text, 100, L"---- ", time_stamp(), L"\r\n", NULL);
        write_text(log, text);
    }

    PROCESS_INFORMATION process;
    if (!start(name, log, &process)) {
        join(text, 100, L"it could not be started: error ", number(GetLastError()), NULL);
        CloseHandle(log);
        record_failure(name, text);
        return FAILED;
    }

    HANDLE job = CreateJobObjectW(NULL, NULL);
    if (job && !AssignProcessToJobObject(job, process.hProcess)) {
        CloseHandle(job);
        job = NULL;
    }
    ResumeThread(process.hThread);
    CloseHandle(process.hThread);

    DWORD exit_code = 0;
    const WCHAR *why = NULL;
    BOOL ended = wait_for(process.hProcess, job, log, limit, &exit_code, &why);
    if (ended && job) {
        wait_for_children(name, job);
    }
    if (job) {
        CloseHandle(job);
    }
    CloseHandle(process.hProcess);
    CloseHandle(log);

    if (why) {
        record_failure(name, why);
        return FAILED;
    }
    if (!ended) {
        say(name, L": ended because Windows shuts down or the service was stopped", NULL);
        return INTERRUPTED;
    }

    join(text, 100, L"exit code ", number(exit_code), NULL);
    switch (exit_code) {
    case ERROR_SUCCESS:
    case ERROR_SUCCESS_REBOOT_REQUIRED:
    case ERROR_SUCCESS_REBOOT_INITIATED:
        say(name, L": done, ", text, NULL);
        record(path(L"\\state\\", name, L".done", NULL), text);
        return exit_code ? DONE_WANTS_RESTART : DONE;
    case EXIT_RETRY_AFTER_RESTART:
        if (retries_left) {
            say(name, L": has to run again after a restart, ", text, NULL);
            return TRY_AGAIN;
        }
        break;
    }
    record_failure(name, text);
    return FAILED;
}

/* ---- All scripts. ------------------------------------------------------------------------------------------------------------------------ */

/* The first script after the one of this name, or FALSE at the end. */
static BOOL next_script(WCHAR *name)
{
    static WIN32_FIND_DATAW found;
    WCHAR best[MAX_NAME] = L"";
    HANDLE search = FindFirstFileW(path(L"\\scripts\\*.cmd", NULL), &found);
    if (search == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    do {
        /* The pattern also finds a file whose short name ends so. */
        DWORD length = (DWORD)lstrlenW(found.cFileName);
        if ((found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) || length >= MAX_NAME || length < 5 || compare(found.cFileName + length - 4, L".cmd")) {
            continue;
        }
        if (compare(found.cFileName, name) > 0 && (!best[0] || compare(found.cFileName, best) < 0)) {
            join(best, MAX_NAME, found.cFileName, NULL);
        }
    } while (FindNextFileW(search, &found));
    FindClose(search);
    join(name, MAX_NAME, best, NULL);
    return best[0] != 0;
}

static enum outcome attempt(const WCHAR *name)
{
    static WCHAR started[PATH_SIZE];
    DWORD unfinished = count(name, L".started-");
    DWORD retries = count(name, L".retry-");
    BOOL may_restart = count(L"", L"restart-") < restart_limit;
    if (unfinished > unfinished_retries) {
        record_failure(name, L"Windows went down each time that it ran; it is left out");
        return FAILED;
    }

    join(started, PATH_SIZE, path(L"\\state\\", name, L".started-", number(unfinished + 1), NULL), NULL);
    if (!record(started, time_stamp())) {
        say(name, L": NOT RUN: that it starts could not be written to the journal, error ", number(GetLastError()), NULL);
        return FAILED;
    }

    say(name, unfinished || retries ? L": runs again" : L": runs", NULL);
    enum outcome outcome = run_script(name, may_restart && retries < retry_limit ? retry_limit - retries : 0);
    if (outcome == TRY_AGAIN && !MoveFileExW(started, path(L"\\state\\", name, L".retry-", number(retries + 1), NULL), MOVEFILE_WRITE_THROUGH)) {
        record_failure(name, L"it has to run again after a restart, which could not be written to the journal");
        return FAILED;
    }
    return outcome;
}

/* TRUE when Windows goes down and the service has to wait for that. */
static BOOL restart_windows(void)
{
    DWORD restarts = count(L"", L"restart-");
    if (restarts >= restart_limit) {
        say(L"Windows is not restarted: it was ", number(restarts), L" times already. Restart it when it suits", NULL);
        return FALSE;
    }
    if (!record(path(L"\\state\\restart-", number(restarts + 1), NULL), time_stamp())) {
        say(L"Windows is not restarted: that could not be written to the journal, error ", number(GetLastError()), NULL);
        return FALSE;
    }

    HANDLE token;
    TOKEN_PRIVILEGES privileges = { 1, { { { 0, 0 }, SE_PRIVILEGE_ENABLED } } };
    if (OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token)) {
        LookupPrivilegeValueW(NULL, SE_SHUTDOWN_NAME, &privileges.Privileges[0].Luid);
        AdjustTokenPrivileges(token, FALSE, &privileges, 0, NULL, NULL);
        CloseHandle(token);
    }

    static WCHAR message[] = L"The conversion to KVM goes on after a restart.";
    for (DWORD tries = 0; tries < 12; tries++) { /* early in the boot, Windows is not ready for it */
        if (InitiateSystemShutdownExW(NULL, message, 30, TRUE, TRUE, SHUTDOWN_REASON) || GetLastError() == ERROR_SHUTDOWN_IN_PROGRESS) {
            say(L"restarting Windows, ", number(restarts + 1), L" of at most ", number(restart_limit), NULL);
            return TRUE;
        }
        if (!pause(10000)) {
            return FALSE;
        }
    }
    say(L"Windows could not be restarted: error ", number(GetLastError()), L". Restart it when it suits", NULL);
    return FALSE;
}

static void remove_service(void)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service = manager ? OpenServiceW(manager, SERVICE_NAME, DELETE | SERVICE_CHANGE_CONFIG) : NULL;
    if (service) {
        ChangeServiceConfigW(service, SERVICE_NO_CHANGE, SERVICE_DISABLED, SERVICE_NO_CHANGE, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    }
    if (!service || !DeleteService(service)) {
        say(L"the service " SERVICE_NAME L" could not be removed: error ", number(GetLastError()), NULL);
    }
    if (service) {
        CloseServiceHandle(service);
    }
    if (manager) {
        CloseServiceHandle(manager);
    }
}

/* Copies what the journal says of a script's end into a line of the result. */
static void write_result(HANDLE file, const WCHAR *name, const WCHAR *word, const WCHAR *event)
{
    static char detail[256];
    static WCHAR line[MAX_NAME + 20];
    DWORD length = 0, written;
    join(line, MAX_NAME + 20, word, L" ", name, L": ", NULL);
    write_text(file, line);
    HANDLE from = CreateFileW(event, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    if (from != INVALID_HANDLE_VALUE) {
        ReadFile(from, detail, sizeof detail, &length, NULL);
        WriteFile(file, detail, length, &written, NULL);
        CloseHandle(from);
    }
    write_text(file, L"\r\n");
}

static void log_event(DWORD failed, DWORD total)
{
    static WCHAR text[PATH_SIZE + 200];
    const WCHAR *texts[1] = { text };
    join(text, PATH_SIZE + 200, L"V2V has run the first boot scripts of the conversion to KVM: ", number(total), L", of which ", number(failed),
         L" failed. See ", path(L"\\result.txt", NULL), NULL);
    HANDLE source = RegisterEventSourceW(NULL, SERVICE_NAME);
    if (source) {
        ReportEventW(source, failed ? EVENTLOG_WARNING_TYPE : EVENTLOG_INFORMATION_TYPE, 0, failed ? 2 : 1, NULL, 1, 0, texts, NULL);
        DeregisterEventSource(source);
    }
}

static void finish(void)
{
    DWORD failed = 0, total = 0;
    WCHAR name[MAX_NAME] = L"";
    HANDLE result = CreateFileW(path(L"\\result.txt", NULL), GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    while (next_script(name)) {
        WCHAR *done = path(L"\\state\\", name, L".done", NULL);
        total++;
        if (exists(done)) {
            write_result(result, name, L"done", done);
        } else {
            failed++;
            write_result(result, name, L"FAILED", path(L"\\state\\", name, L".failed", NULL));
        }
    }
    CloseHandle(result);
    say(L"all scripts have run: ", number(total), L", of which ", number(failed), L" failed", NULL);
    log_event(failed, total);
    record(path(L"\\state\\complete", NULL), time_stamp());
    remove_service();
}

/* ---- The start. -------------------------------------------------------------------------------------------------------------------------- */

static void load_settings(void)
{
    WCHAR *ini = path(L"\\firstboot.ini", NULL);
    limit_seconds = GetPrivateProfileIntW(L"FirstBoot", L"LimitSeconds", 30 * 60, ini);       /* for one script, unless [LimitSeconds] names it */
    unfinished_retries = GetPrivateProfileIntW(L"FirstBoot", L"UnfinishedRetries", 2, ini);   /* of a script during which Windows went down */
    retry_limit = GetPrivateProfileIntW(L"FirstBoot", L"Retries", 3, ini);                    /* of a script that ended with 249 */
    restart_limit = GetPrivateProfileIntW(L"FirstBoot", L"Restarts", 5, ini);                 /* of Windows, in all */
}

/* A generalised Windows sets itself up first and restarts meanwhile. */
static BOOL is_in_setup(void)
{
    HKEY key;
    DWORD value = 0, size = sizeof value, type = 0;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"SYSTEM\\Setup", 0, KEY_QUERY_VALUE, &key) != ERROR_SUCCESS) {
        return FALSE;
    }
    LONG error = RegQueryValueExW(key, L"SystemSetupInProgress", NULL, &type, (BYTE *)&value, &size);
    RegCloseKey(key);
    return error == ERROR_SUCCESS && type == REG_DWORD && value != 0;
}

/* Scripts need services that Windows starts on demand, which it may refuse to do while it starts those of the boot. */
static BOOL wait_for_windows(void)
{
    HANDLE started = OpenEventW(SYNCHRONIZE, FALSE, L"Global\\SC_AutoStartComplete");
    if (started) {
        HANDLE handles[2] = { stop_event, started };
        DWORD signalled = WaitForMultipleObjects(2, handles, FALSE, 10 * 60 * 1000);
        CloseHandle(started);
        if (signalled == WAIT_OBJECT_0) {
            return FALSE;
        }
    }
    if (is_in_setup()) {
        say(L"waiting until Windows has been set up", NULL);
        do {
            if (!pause(10000)) {
                return FALSE;
            }
        } while (is_in_setup());
    }
    return TRUE;
}

static BOOL find_folder(void)
{
    DWORD length = GetModuleFileNameW(NULL, folder, MAX_FOLDER);
    if (length == 0 || length >= MAX_FOLDER) {
        return FALSE;
    }
    while (length && folder[length] != '\\') {
        length--;
    }
    folder[length] = 0;
    return length != 0;
}

static void run(void)
{
    CreateDirectoryW(path(L"\\state", NULL), NULL);
    CreateDirectoryW(path(L"\\logs", NULL), NULL);
    load_settings();
    if (exists(path(L"\\state\\complete", NULL))) {
        remove_service();
        return;
    }
    if (!wait_for_windows()) {
        return;
    }

    BOOL wants_restart = FALSE;
    WCHAR name[MAX_NAME] = L"";
    while (next_script(name)) {
        if (has_result(name)) {
            continue;
        }
        enum outcome outcome = attempt(name);
        if (outcome == INTERRUPTED) {
            return;
        }
        if (outcome == TRY_AGAIN) {
            if (restart_windows()) {
                pause(10 * 60 * 1000);
            }
            return;
        }
        wants_restart |= outcome == DONE_WANTS_RESTART;
        if (!pause(0)) {
            return;
        }
    }

    finish();
    if (wants_restart && restart_windows()) {
        pause(10 * 60 * 1000);
    }
}

static void WINAPI service_main(DWORD argc, WCHAR **argv)
{
    (void)argc, (void)argv;
    status_handle = RegisterServiceCtrlHandlerExW(SERVICE_NAME, control, NULL);
    if (!status_handle) {
        return;
    }
    status.dwCurrentState = SERVICE_START_PENDING;
    report(SERVICE_RUNNING);
    if (find_folder()) {
        run();
    } else {
        status.dwWin32ExitCode = ERROR_BAD_PATHNAME;
    }
    report(SERVICE_STOPPED);
}

void entry(void)
{
    static WCHAR name[] = SERVICE_NAME;
    SERVICE_TABLE_ENTRYW table[] = { { name, service_main }, { NULL, NULL } };
    InitializeCriticalSection(&status_lock);
    /* Programs that the scripts start inherit this: one that crashes ends, instead of waiting for an answer to a dialog that nobody sees. */
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    stop_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    ExitProcess(StartServiceCtrlDispatcherW(table) ? 0 : GetLastError());
}
