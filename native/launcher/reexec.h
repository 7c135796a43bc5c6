/* The launcher runs from a copy of itself that nobody can write to. */
#ifndef REEXEC_H
#define REEXEC_H

/*
 * A container whose program is /proc/self/exe would get the launcher's own file to open and, once
 * the launcher has ended, to overwrite (CVE-2019-5736). So before anything else the program is
 * copied to a sealed memory file and executed from there. Returns in the copy; exits if that fails.
 */
void become_sealed_copy(char **argv);

#endif
