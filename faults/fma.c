/* fma and fmaf of the host's libm for qemu: the same instructions, without the upper halves of
   vector registers that qemu's generated code leaves in use. Until they are cleared, the legacy SSE
   instructions that qemu itself consists of take ten times as long as the multiplication. */
double fma(double a, double b, double c)
{
    __asm__ volatile("vzeroupper\n\tvfmadd213sd %2, %1, %0" : "+x"(a) : "x"(b), "x"(c));
    return a;
}

float fmaf(float a, float b, float c)
{
    __asm__ volatile("vzeroupper\n\tvfmadd213ss %2, %1, %0" : "+x"(a) : "x"(b), "x"(c));
    return a;
}
