/*
 * Has the event by which Windows' service control manager tells that all automatic services have started, and sets it when the file C:\event-set
 * appears.
 */
#include <windows.h>

static void create(const char *file)
{
    CloseHandle(CreateFileA(file, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL));
}

int main(void)
{
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, "Global\\SC_AutoStartComplete");
    create("C:\\event-made");
    while (GetFileAttributesA("C:\\event-set") == INVALID_FILE_ATTRIBUTES) {
        Sleep(200);
    }
    SetEvent(event);
    Sleep(60000);
    return 0;
}
