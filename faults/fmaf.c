/* fmaf of the host's libm for qemu: the same instruction, without the upper halves of vector
   registers that qemu's generated code leaves in use. Until they are cleared, legacy SSE
   instructions, which qemu itself consists of, wait ten times as long as a multiplication takes. */
float fmaf(float a, float b, float c)
{
    __asm__ volatile("vzeroupper\n\tvfmadd213ss %2, %1, %0" : "+x"(a) : "x"(b), "x"(c));
    return a;
}
