using Coppice.Testing;

namespace Coppice.Tensors.Tests.Operations;

/// <summary>Attention and rotary embedding give the outputs and the gradients that were computed elsewhere in double precision.</summary>
public class AttentionOracleTests
{
    // Sums of exponentials of scores: a few more roundings than a plain product.
    private const double Tolerance = 4e-6;

    public static TheoryData<KernelLevel, int> Machines => Operations.Machines.All();

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Attention_to_all_keys_is_reproduced(KernelLevel level, int threads) =>
        CheckAttention("attention_full", level, threads, causal: false, window: 0, (tape, oracle) => AttentionLayout.Packed(tape, RowBoundaries(oracle)));

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Causal_attention_is_reproduced(KernelLevel level, int threads) =>
        CheckAttention("attention_causal", level, threads, causal: true, window: 0, (tape, oracle) => AttentionLayout.Packed(tape, RowBoundaries(oracle)));

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Attention_within_a_window_is_reproduced(KernelLevel level, int threads) =>
        CheckAttention("attention_causal_window", level, threads, causal: true, window: 6, (tape, oracle) => AttentionLayout.Packed(tape, RowBoundaries(oracle)));

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Attention_within_documents_is_reproduced(KernelLevel level, int threads) =>
        CheckAttention("attention_causal_documents", level, threads, causal: true, window: 0, (tape, oracle) =>
        {
            var (documents, length) = (oracle.Integers("in.doc"), oracle.Size("in.q", 2));
            var boundaries = Enumerable.Range(0, documents.Length).Where(t => t % length == 0 || documents[t] != documents[t - 1]).Append(documents.Length).ToArray();
            Assert.Equal(7, boundaries.Length);
            return AttentionLayout.Packed(tape, boundaries);
        });

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Attention_to_unmasked_keys_is_reproduced(KernelLevel level, int threads) =>
        CheckAttention("attention_padding", level, threads, causal: false, window: 0, (tape, oracle) =>
        {
            var (mask, length) = (oracle.Integers("in.keymask"), oracle.Size("in.q", 2));
            var lengths = mask.Chunk(length).Select(row => row.Sum()).ToArray();
            Assert.Contains(lengths, l => l < length);
            var boundaries = RowBoundaries(oracle);
            return new AttentionLayout(lengths.Length, tape.Integers(boundaries), tape.Integers(boundaries.AsSpan(0, lengths.Length)), tape.Integers(lengths));
        });

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Rotary_is_reproduced(KernelLevel level, int threads) => CheckRotary("rope", level, threads, oracle =>
    {
        var length = oracle.Size("in.x", 2);
        return [.. Enumerable.Range(0, oracle.Size("in.x", 0) * length).Select(t => t % length)];
    });

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Rotary_with_restarted_positions_is_reproduced(KernelLevel level, int threads) =>
        CheckRotary("rope_restarted", level, threads, oracle => oracle.Integers("in.pos"));

    private static void CheckAttention(string name, KernelLevel level, int threads, bool causal, int window, Func<Tape, Oracle, AttentionLayout> layout)
    {
        using var backend = Backends.Create(threads, level);
        using var tape = new Tape(backend);
        using var oracle = new Oracle(name);
        var shape = new AttentionShape(oracle.Size("in.q", 1), oracle.Size("in.k", 1), oracle.Size("in.q", 3), causal, window);
        var (q, k, v) = (PackedVariable(tape, oracle, "q"), PackedVariable(tape, oracle, "k"), PackedVariable(tape, oracle, "v"));
        var y = tape.Attention(q, k, v, layout(tape, oracle), shape);
        CheckPacked(tape, oracle, y, shape.Heads, ("q", q), ("k", k), ("v", v));
    }

    private static void CheckRotary(string name, KernelLevel level, int threads, Func<Oracle, int[]> positions)
    {
        using var backend = Backends.Create(threads, level);
        using var oracle = new Oracle(name);
        using var table = new RotaryTable(backend, 32, oracle.Size("in.x", 3), oracle.Constant("theta"));
        using var tape = new Tape(backend);
        var x = PackedVariable(tape, oracle, "x");
        var heads = oracle.Size("in.x", 1);
        CheckPacked(tape, oracle, tape.Rotary(x, tape.Integers(positions(oracle)), table, heads), heads, ("x", x));
    }

    private static void CheckPacked(Tape tape, Oracle oracle, Tensor y, int heads, params (string Name, Tensor Input)[] inputs)
    {
        var length = oracle.Size("out", 2);
        Close.Relative(Pack(oracle.Floats("out"), heads, length), y.ToArray(), Tolerance, "output");
        tape.Backward(tape.Sum(tape.Multiply(y, tape.Constant(y.Shape, Pack(oracle.Floats("dout"), heads, length)))));
        foreach (var (name, input) in inputs)
        {
            Close.Relative(Pack(oracle.Floats($"grad.{name}"), oracle.Size($"in.{name}", 1), length), input.GradientToArray(), Tolerance, $"gradient of {name}");
        }
    }

    private static Tensor PackedVariable(Tape tape, Oracle oracle, string name)
    {
        var (batch, heads, length, size) = (oracle.Size($"in.{name}", 0), oracle.Size($"in.{name}", 1), oracle.Size($"in.{name}", 2), oracle.Size($"in.{name}", 3));
        return tape.Variable(new Shape(batch * length, heads * size), Pack(oracle.Floats($"in.{name}"), heads, length));
    }

    /// <summary>[batch, heads, length, size] as the packed rows [batch · length, heads · size].</summary>
    private static float[] Pack(float[] values, int heads, int length)
    {
        const int Size = 16;
        var packed = new float[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var (column, t, head, row) = (i % Size, i / Size % length, i / Size / length % heads, i / Size / length / heads);
            packed[((((row * length) + t) * heads) + head) * Size + column] = values[i];
        }

        return packed;
    }

    private static int[] RowBoundaries(Oracle oracle) => [.. Enumerable.Range(0, oracle.Size("in.q", 0) + 1).Select(row => row * oracle.Size("in.q", 2))];
}
