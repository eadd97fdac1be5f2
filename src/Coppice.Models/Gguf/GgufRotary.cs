using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models.Gguf;

/// <summary>
/// Scaled rotary positions in a GGUF file: metadata (linear, YaRN), or a tensor of divisors for the frequencies (Llama 3) or two of them (LongRoPE). llama.cpp multiplies
/// what it turns with <c>rope.scaling.attn_factor</c>, and for YaRN with what follows from the factor too.
/// </summary>
internal static class GgufRotary
{
    private const string Frequencies = "rope_freqs.weight";
    private const string ShortDivisors = "rope_factors_short.weight";
    private const string LongDivisors = "rope_factors_long.weight";

    // Of the models that there are: a file has the divisors and not what they were made of.
    private const double LowFrequencyFactor = 1, HighFrequencyFactor = 4;
    private const int OriginalPositionsOfLlama3 = 8192;
    private const double Rounding = 1e-5;

    /// <summary>Whether a tensor has divisors and is no parameter.</summary>
    /// <param name="tensor">Its name.</param>
    public static bool IsDivisors(string tensor) => tensor is Frequencies or ShortDivisors or LongDivisors;

    /// <summary>Adds a scaling to a file's metadata.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">GGUF's name of the architecture.</param>
    /// <param name="scaling">The scaling; null where there is none.</param>
    /// <param name="notes">Receives what a reader of the file should know.</param>
    /// <exception cref="CoppiceException">llama.cpp has no such positions.</exception>
    public static void Write(GgufWriter file, string name, RotaryScaling? scaling, List<string> notes)
    {
        var prefix = $"{name}.rope.scaling.";
        switch (scaling)
        {
            case LinearScaling linear:
                file.Add(prefix + "type", "linear");
                file.Add(prefix + "factor", (float)linear.Factor);
                break;
            case not null when IsOfDivisors(name, scaling):
                if (scaling is Llama3Scaling llama3) file.Add(prefix + "original_context_length", llama3.OriginalPositions);
                AddMagnitude(scaling.Magnitude);
                break;
            case YarnScaling { IsUsual: true } yarn:
                file.Add(prefix + "type", "yarn");
                file.Add(prefix + "factor", (float)yarn.Factor);
                file.Add(prefix + "original_context_length", yarn.OriginalPositions);
                AddMagnitude(yarn.Magnitude / YarnScaling.MagnitudeOf(yarn.Factor, 1));
                break;
            case LongRopeScaling longRope when name is "llama" or "phi3":
                file.Add(prefix + "type", "longrope");
                file.Add(prefix + "original_context_length", longRope.OriginalPositions);
                AddMagnitude(longRope.Magnitude);
                notes.Add($"with a context of more than {longRope.OriginalPositions} tokens, llama.cpp has short texts too at the positions of long ones: give it a context of {longRope.OriginalPositions} for short texts");
                break;
            case YarnScaling:
                throw new CoppiceException($"GGUF's {name} has no YaRN with a beta_fast, beta_slow or truncate of its own: this model can't be exported");
            case Llama3Scaling or LongRopeScaling:
                throw new CoppiceException($"GGUF's {name} has no rotary positions of the kind '{scaling.Kind}': this model can't be exported");
        }

        void AddMagnitude(double magnitude)
        {
            if ((float)magnitude != 1) file.Add(prefix + "attn_factor", (float)magnitude);
        }
    }

    /// <summary>The tensors of divisors that a file has.</summary>
    /// <param name="configuration">The model's configuration.</param>
    public static IEnumerable<GgufTensorToWrite> Tensors(ModelConfiguration configuration)
    {
        if (configuration is not LlamaConfiguration { RotaryScaling: { } scaling } llama) yield break;
        if (IsOfDivisors(GgufArchitecture.NameOf(llama), scaling)) yield return Tensor(Frequencies, Divisors(scaling, llama.RopeTheta, llama.RotarySize));
        else if (scaling is LongRopeScaling longRope)
        {
            yield return Tensor(LongDivisors, longRope.LongDivisors);
            yield return Tensor(ShortDivisors, longRope.ShortDivisors);
        }
    }

    /// <summary>Reads the scaling of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">GGUF's name of the architecture.</param>
    /// <param name="theta">Base of the frequencies.</param>
    /// <param name="rotarySize">How many values of a head turn.</param>
    /// <param name="context">The model's positions.</param>
    /// <returns>The scaling; null where there is none.</returns>
    /// <exception cref="CoppiceException">It is none that is supported, or contradicts itself.</exception>
    public static RotaryScaling? Read(GgufFile file, string name, double theta, int rotarySize, int context)
    {
        var (metadata, prefix) = (file.Metadata, $"{name}.rope.scaling.");
        var factor = metadata.Number(prefix + "factor", metadata.Number($"{name}.rope.scale_linear", 1));
        // Without a word llama.cpp takes a factor for a linear one; 0 is none.
        var type = metadata.OptionalText(prefix + "type") ?? "linear";
        if (factor == 0 || type is "none" or "longrope") factor = 1;
        if (factor < 1) throw metadata.Error(prefix + "factor", "a number of at least 1 is expected");
        if (type is not ("none" or "linear" or "yarn" or "longrope")) throw metadata.Error(prefix + "type", $"'{type}' is not supported; supported are none, linear, yarn and longrope");
        foreach (var (key, neutral) in new[] { ("yarn_log_multiplier", 0), ("yarn_ext_factor", 1), ("yarn_attn_factor", 1) })
        {
            if (metadata.Number(prefix + key, neutral) != neutral) throw metadata.Error(prefix + key, $"only {neutral} is supported");
        }

        var magnitude = metadata.Number(prefix + "attn_factor", 1);
        if (magnitude <= 0) throw metadata.Error(prefix + "attn_factor", "a number above 0 is expected");
        var original = metadata.Size(prefix + "original_context_length", context);
        if (file.Tensors.FirstOrDefault(tensor => IsDivisors(tensor.Name)) is { } divisors)
        {
            if (name != "llama" && !(name == "phi3" && divisors.Name != Frequencies)) throw new CoppiceException($"{file.Path}: '{divisors.Name}' is not part of a {name} model");
            if (factor != 1 || type == "yarn") throw metadata.Error(prefix + "type", $"'{type}' together with '{divisors.Name}' is not supported");
            return ReadDivisors(file, divisors.Name == Frequencies, theta, rotarySize, context, original, magnitude);
        }

        if (type == "longrope") throw metadata.Error(prefix + "type", $"the file has no '{LongDivisors}'");
        if (type == "yarn") return ReadYarn(metadata, prefix, theta, factor, original, magnitude);
        if (magnitude != 1) throw metadata.Error(prefix + "attn_factor", "only 1 is supported where frequencies are not scaled pair by pair");
        return factor == 1 ? null : new LinearScaling(factor);
    }

    /// <summary>Whether llama.cpp takes a scaling as divisors that are the same for all texts.</summary>
    private static bool IsOfDivisors(string name, RotaryScaling scaling) => name == "llama" && scaling is (Llama3Scaling or LongRopeScaling { IsOne: true } or YarnScaling { IsUsual: false });

    private static YarnScaling ReadYarn(GgufMetadata metadata, string prefix, double theta, double factor, int original, double magnitude)
    {
        if (theta <= 1) throw metadata.Error(prefix + "type", "'yarn' needs a base of the frequencies above 1");
        var scaling = new YarnScaling(factor, original)
        {
            AttentionFactor = magnitude == 1 ? null : magnitude * YarnScaling.MagnitudeOf(factor, 1),
            FastTurns = metadata.Number(prefix + "yarn_beta_fast", YarnScaling.DefaultFastTurns),
            SlowTurns = metadata.Number(prefix + "yarn_beta_slow", YarnScaling.DefaultSlowTurns),
        };
        return scaling.SlowTurns > 0 && scaling.FastTurns > scaling.SlowTurns ? scaling : throw metadata.Error(prefix + "yarn_beta_fast", "a number above yarn_beta_slow, and both above 0, are expected");
    }

    private static RotaryScaling ReadDivisors(GgufFile file, bool isOne, double theta, int rotarySize, int context, int original, double magnitude)
    {
        var divisors = ReadTensor(file, isOne ? Frequencies : ShortDivisors, rotarySize);
        if (!isOne)
        {
            if (original < 2) throw new CoppiceException($"{file.Path}: an original context of {original} tokens is too short for LongRoPE");
            var scaling = new LongRopeScaling(divisors, ReadTensor(file, LongDivisors, rotarySize), original, (double)context / original);
            return (float)scaling.Magnitude == (float)magnitude ? scaling : scaling with { AttentionFactor = magnitude };
        }

        foreach (var positions in new[] { original, OriginalPositionsOfLlama3 })
        {
            if (magnitude != 1 || divisors[^1] < 1) break;
            var llama3 = new Llama3Scaling(divisors[^1], LowFrequencyFactor, HighFrequencyFactor, positions);
            if (Divisors(llama3, theta, rotarySize).Zip(divisors).All(pair => Math.Abs(pair.First - pair.Second) <= Rounding * pair.First)) return llama3;
        }

        // The same numbers, said in the way that takes any.
        original = Math.Max(2, original);
        return new LongRopeScaling(divisors, divisors, original, (double)context / original) { AttentionFactor = magnitude };
    }

    private static double[] Divisors(RotaryScaling scaling, double theta, int rotarySize) =>
        [.. RotaryTable.Frequencies(theta, rotarySize).Zip(scaling.Frequencies(theta, rotarySize)).Select(pair => pair.First / pair.Second)];

    private static double[] ReadTensor(GgufFile file, string name, int rotarySize)
    {
        var shape = file.Find(name).Shape;
        if (shape is not [var count] || count != rotarySize / 2) throw new CoppiceException($"{file.Path}: '{name}' has the shape [{string.Join(", ", shape)}], and {rotarySize / 2} pairs turn");
        double[] divisors = [.. file.ReadFloats(name).Select(value => (double)value)];
        return divisors.All(divisor => divisor > 0 && double.IsFinite(divisor)) ? divisors : throw new CoppiceException($"{file.Path}: '{name}' has numbers that are not above 0");
    }

    private static GgufTensorToWrite Tensor(string name, IReadOnlyList<double> values)
    {
        var format = BlockFormat.Find("F32");
        return new GgufTensorToWrite(name, format, [values.Count], stream =>
        {
            var bytes = new byte[format.Bytes(values.Count)];
            format.Encode(values.Select(value => (float)value).ToArray(), bytes);
            stream.Write(bytes);
        });
    }
}
