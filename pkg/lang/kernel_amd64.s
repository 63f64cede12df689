#include "textflag.h"

// Each loop takes 32 numbers a turn: n is a multiple of 32 above 0.

// func addRowAVX2(sums *uint16, row *uint8, n int)
TEXT ·addRowAVX2(SB), NOSPLIT, $0-24
	MOVQ sums+0(FP), DI
	MOVQ row+8(FP), SI
	MOVQ n+16(FP), CX

row:
	VPMOVZXBW (SI), Y0
	VPMOVZXBW 16(SI), Y1
	VPADDW    (DI), Y0, Y0
	VPADDW    32(DI), Y1, Y1
	VMOVDQU   Y0, (DI)
	VMOVDQU   Y1, 32(DI)
	ADDQ      $32, SI
	ADDQ      $64, DI
	SUBQ      $32, CX
	JNZ       row
	VZEROUPPER
	RET

// func addHitsAVX2(hits, row *uint8, n int)
// Where the row is 0 the comparison gives -1: 1 is added everywhere and taken
// back there.
TEXT ·addHitsAVX2(SB), NOSPLIT, $0-24
	MOVQ     hits+0(FP), DI
	MOVQ     row+8(FP), SI
	MOVQ     n+16(FP), CX
	VPXOR    Y2, Y2, Y2
	VPCMPEQB Y3, Y3, Y3

hits:
	VPCMPEQB (SI), Y2, Y0
	VPADDB   (DI), Y0, Y0
	VPSUBB   Y3, Y0, Y0
	VMOVDQU  Y0, (DI)
	ADDQ     $32, SI
	ADDQ     $32, DI
	SUBQ     $32, CX
	JNZ      hits
	VZEROUPPER
	RET

// func largestAVX2(sums *uint16, n int) uint16
// The least of the complements is the complement of the largest.
TEXT ·largestAVX2(SB), NOSPLIT, $0-18
	MOVQ  sums+0(FP), SI
	MOVQ  n+8(FP), CX
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1

largest:
	VPMAXUW (SI), Y0, Y0
	VPMAXUW 32(SI), Y1, Y1
	ADDQ    $64, SI
	SUBQ    $32, CX
	JNZ     largest
	VPMAXUW      Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPMAXUW      X1, X0, X0
	VPCMPEQW     X1, X1, X1
	VPXOR        X1, X0, X0
	VPHMINPOSUW  X0, X0
	VPXOR        X1, X0, X0
	VMOVD        X0, AX
	MOVW         AX, ret+16(FP)
	VZEROUPPER
	RET

// func shrinkAVX2(word *uint8, sums *uint16, n int, shift uint64)
TEXT ·shrinkAVX2(SB), NOSPLIT, $0-32
	MOVQ word+0(FP), DI
	MOVQ sums+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ shift+24(FP), X4

shrink:
	VMOVDQU   (SI), Y0
	VMOVDQU   32(SI), Y1
	VPSRLW    X4, Y0, Y0
	VPSRLW    X4, Y1, Y1
	VPACKUSWB Y1, Y0, Y0 // halves of the two in turn
	VPERMQ    $0xd8, Y0, Y0
	VMOVDQU   Y0, (DI)
	ADDQ      $64, SI
	ADDQ      $32, DI
	SUBQ      $32, CX
	JNZ       shrink
	VZEROUPPER
	RET

// func addWordAVX2(sums *uint32, word *uint8, n int, shift uint64)
TEXT ·addWordAVX2(SB), NOSPLIT, $0-32
	MOVQ sums+0(FP), DI
	MOVQ word+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ shift+24(FP), X4

word:
	VPMOVZXBD (SI), Y0
	VPMOVZXBD 8(SI), Y1
	VPMOVZXBD 16(SI), Y2
	VPMOVZXBD 24(SI), Y3
	VPSLLD    X4, Y0, Y0
	VPSLLD    X4, Y1, Y1
	VPSLLD    X4, Y2, Y2
	VPSLLD    X4, Y3, Y3
	VPADDD    (DI), Y0, Y0
	VPADDD    32(DI), Y1, Y1
	VPADDD    64(DI), Y2, Y2
	VPADDD    96(DI), Y3, Y3
	VMOVDQU   Y0, (DI)
	VMOVDQU   Y1, 32(DI)
	VMOVDQU   Y2, 64(DI)
	VMOVDQU   Y3, 96(DI)
	ADDQ      $32, SI
	ADDQ      $128, DI
	SUBQ      $32, CX
	JNZ       word
	VZEROUPPER
	RET

// func scaleAVX2(out *float32, sums *uint32, n int, by float32)
TEXT ·scaleAVX2(SB), NOSPLIT, $0-28
	MOVQ         out+0(FP), DI
	MOVQ         sums+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS by+24(FP), Y4

scale:
	VCVTDQ2PS (SI), Y0
	VCVTDQ2PS 32(SI), Y1
	VCVTDQ2PS 64(SI), Y2
	VCVTDQ2PS 96(SI), Y3
	VMULPS    Y4, Y0, Y0
	VMULPS    Y4, Y1, Y1
	VMULPS    Y4, Y2, Y2
	VMULPS    Y4, Y3, Y3
	VMOVUPS   Y0, (DI)
	VMOVUPS   Y1, 32(DI)
	VMOVUPS   Y2, 64(DI)
	VMOVUPS   Y3, 96(DI)
	ADDQ      $128, SI
	ADDQ      $128, DI
	SUBQ      $32, CX
	JNZ       scale
	VZEROUPPER
	RET

// func addScaledAVX2(out, row *float32, n int, by float32)
TEXT ·addScaledAVX2(SB), NOSPLIT, $0-28
	MOVQ         out+0(FP), DI
	MOVQ         row+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS by+24(FP), Y4

scaled:
	VMULPS  (SI), Y4, Y0
	VMULPS  32(SI), Y4, Y1
	VMULPS  64(SI), Y4, Y2
	VMULPS  96(SI), Y4, Y3
	VADDPS  (DI), Y0, Y0
	VADDPS  32(DI), Y1, Y1
	VADDPS  64(DI), Y2, Y2
	VADDPS  96(DI), Y3, Y3
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	ADDQ    $128, SI
	ADDQ    $128, DI
	SUBQ    $32, CX
	JNZ     scaled
	VZEROUPPER
	RET
