/*
 * Stands in for one of Windows' tools in the tests of first boot scripts. It adds its command line to C:\tools.log, with what it is given to read
 * by /s FILE; prints NAME.out from beside it; and ends with the first number of NAME.codes, which it takes out unless it is the last, else with 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static void copy(const char *name, FILE *to)
{
    FILE *from = fopen(name, "rb");
    int c;
    while (from && (c = getc(from)) != EOF) {
        putc(c, to);
    }
    if (from) {
        fclose(from);
    }
}

int main(int argc, char **argv)
{
    char self[MAX_PATH], name[MAX_PATH + 8], codes[256] = "0", *rest;
    GetModuleFileNameA(NULL, self, MAX_PATH);
    *strrchr(self, '.') = 0;

    FILE *log = fopen("C:\\tools.log", "ab");
    const char *line = GetCommandLineA();
    line = *line == '"' ? strchr(line + 1, '"') + 1 : line + strcspn(line, " ");
    fprintf(log, "%s%s\n", strrchr(self, '\\') + 1, line);
    if (argc > 2 && !strcmp(argv[1], "/s")) {
        copy(argv[2], log);
    }
    fclose(log);

    sprintf(name, "%s.out", self);
    copy(name, stdout);

    sprintf(name, "%s.codes", self);
    FILE *file = fopen(name, "rb");
    if (file) {
        codes[fread(codes, 1, sizeof codes - 1, file)] = 0;
        fclose(file);
        rest = strchr(codes, ' ');
        if (rest) {
            file = fopen(name, "wb");
            fputs(rest + 1, file);
            fclose(file);
        }
    }
    return (int)strtol(codes, NULL, 10);
}
