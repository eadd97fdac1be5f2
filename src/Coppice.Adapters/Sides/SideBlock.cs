using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Sides;

/// <summary>The sizes of a side network. Shapes: T tokens, W width of the side network, M of its MLP.</summary>
/// <param name="Width">W: even.</param>
/// <param name="Heads">Heads, each of an even size.</param>
/// <param name="Inner">M.</param>
/// <param name="Gated">Whether the MLP has a gate, as Llama's.</param>
internal sealed record SideShape(int Width, int Heads, int Inner, bool Gated)
{
    /// <summary>The shape of a side network so many times narrower than a model. Its heads are as wide as the model's where that can be.</summary>
    public static SideShape Of(LanguageModel model, int reduction, bool gated)
    {
        var configuration = model.Configuration;
        if (configuration.IsEncoderDecoder) throw CoppiceException.Usage($"a {configuration.ModelType} model has two stacks of blocks: a side network reads one");
        if (reduction < 1) throw CoppiceException.Usage("a side network is at most as wide as its model: the reduction is 1 or more");
        var width = Math.Max(2, configuration.HiddenSize / reduction / 2 * 2);
        var heads = Math.Max(1, width / configuration.HeadSize);
        while (width % heads != 0 || width / heads % 2 != 0) heads--;
        return new SideShape(width, heads, gated ? (8 * width + 2) / 3 : 4 * width, gated);
    }

    /// <summary>Parameters of a block: 12 W² and two norms.</summary>
    public long BlockCount => 4L * Width * Width + (Gated ? 3L : 2L) * Width * Inner + 2L * Width;

    /// <summary>The parameters of a block.</summary>
    public IEnumerable<ParameterSpecification> Block(string name)
    {
        yield return new(name + ".norm1.weight", new Shape(Width));
        foreach (var part in new[] { ".query", ".key", ".value", ".output" }) yield return new(name + part + ".weight", new Shape(Width, Width));
        yield return new(name + ".norm2.weight", new Shape(Width));
        if (Gated) yield return new(name + ".gate.weight", new Shape(Inner, Width));
        yield return new(name + ".up.weight", new Shape(Inner, Width));
        yield return new(name + ".down.weight", new Shape(Width, Inner));
    }
}

/// <summary>A transformer block: norms in front of each branch, rotary positions, no biases.</summary>
/// <param name="parameters">Holds its parameters.</param>
/// <param name="name">Their prefix.</param>
/// <param name="shape">The sizes.</param>
/// <param name="cacheLayer">The number of its layer in a cache.</param>
internal sealed class SideBlock(ParameterSet parameters, string name, SideShape shape, int cacheLayer)
{
    private const float Epsilon = 1e-5f;

    private readonly Parameter _norm1 = parameters[name + ".norm1.weight"];
    private readonly Parameter _query = parameters[name + ".query.weight"];
    private readonly Parameter _key = parameters[name + ".key.weight"];
    private readonly Parameter _value = parameters[name + ".value.weight"];
    private readonly Parameter _output = parameters[name + ".output.weight"];
    private readonly Parameter _norm2 = parameters[name + ".norm2.weight"];
    private readonly Parameter? _gate = shape.Gated ? parameters[name + ".gate.weight"] : null;
    private readonly Parameter _up = parameters[name + ".up.weight"];
    private readonly Parameter _down = parameters[name + ".down.weight"];

    public Tensor Forward(Tape tape, Tensor x_TW, ModelInput input, RotaryTable rotary, bool causal)
    {
        var h_TW = tape.RmsNorm(x_TW, _norm1.Tensor, Epsilon);
        var q_TW = tape.Rotary(tape.Linear(h_TW, _query.Tensor), input.Positions, rotary, shape.Heads);
        var k_TW = tape.Rotary(tape.Linear(h_TW, _key.Tensor), input.Positions, rotary, shape.Heads);
        var v_TW = tape.Linear(h_TW, _value.Tensor);
        if (input.Cache is { } cache)
        {
            if (cacheLayer >= cache.Layers) throw new InvalidOperationException("The cache was made before the adapter with its side network was switched on.");
            cache.Write(cacheLayer, input.Runs, k_TW, 0, v_TW, 0);
            (k_TW, v_TW) = (cache.Keys(cacheLayer), cache.Values(cacheLayer));
        }

        var attended_TW = tape.Attention(q_TW, k_TW, v_TW, input.Layout, new AttentionShape(shape.Heads, shape.Heads, shape.Width / shape.Heads, causal));
        x_TW = tape.Linear(attended_TW, _output.Tensor, residual: x_TW);
        h_TW = tape.RmsNorm(x_TW, _norm2.Tensor, Epsilon);
        var up_TM = tape.Linear(h_TW, _up.Tensor);
        var inner_TM = _gate is null ? tape.Apply(up_TM, PointwiseFunction.GeluTanh) : tape.SwiGlu(tape.Linear(h_TW, _gate.Tensor), up_TM);
        return tape.Linear(inner_TM, _down.Tensor, residual: x_TW);
    }
}
