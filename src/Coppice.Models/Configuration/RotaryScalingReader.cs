using System.Text.Json;

namespace Coppice.Models;

/// <summary>Reads and writes <c>rope_scaling</c>. Kinds and options that aren't known are refused by name.</summary>
internal static class RotaryScalingReader
{
    private const string Key = "rope_scaling";
    private const string OriginalKey = "original_max_position_embeddings";

    // What stands beside the scaling where newer tools write all of it into one object.
    private static readonly string[] Unscaled = ["rope_type", "type", "rope_theta", "partial_rotary_factor"];

    /// <summary>Reads the scaling of one object of a file.</summary>
    /// <param name="json">The file.</param>
    /// <param name="key">The object's key.</param>
    /// <param name="defaultPositions">The model's positions where the file gives none.</param>
    /// <returns>The scaling; null where there is no such object, or none in it.</returns>
    public static RotaryScaling? Read(ConfigurationReader json, string key, int defaultPositions)
    {
        if (json.Inside(key) is not { } scaling) return null;
        var kind = scaling.Text("rope_type", scaling.Text("type", key == Key ? "unnamed" : "default"));
        if (kind == "default") return null;
        // The first Phi-3 files call LongRoPE "su".
        if (kind == "su") kind = LongRopeScaling.Name;
        var positions = json.Size("max_position_embeddings", defaultPositions);
        // "yarn" in an early file of Phi-3 is another thing, with the factors of LongRoPE; these are refused as options that YaRN doesn't have.
        RotaryScaling read = kind switch
        {
            LinearScaling.Name => new LinearScaling(Factor(scaling)),
            DynamicScaling.Name => new DynamicScaling(Factor(scaling)),
            Llama3Scaling.Name => ReadLlama3(scaling),
            YarnScaling.Name => ReadYarn(scaling, positions),
            LongRopeScaling.Name => ReadLongRope(json, scaling, positions),
            _ => throw json.Error(key, $"scaled rotary positions of the kind '{kind}' are not supported; supported are linear, dynamic, llama3, yarn and longrope"),
        };
        string[] known = kind switch
        {
            Llama3Scaling.Name => ["factor", "low_freq_factor", "high_freq_factor", OriginalKey],
            YarnScaling.Name => ["factor", OriginalKey, "attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate"],
            LongRopeScaling.Name => ["factor", OriginalKey, "attention_factor", "short_factor", "long_factor"],
            _ => ["factor"],
        };
        if (scaling.Keys.Except(Unscaled).Except(known).FirstOrDefault(scaling.Has) is { } stranger)
            throw scaling.Error(stranger, $"is not an option of scaled rotary positions of the kind '{kind}' that is supported");
        return read;
    }

    /// <summary>Writes a scaling, as all tools of some age read it.</summary>
    /// <param name="json">Into what.</param>
    /// <param name="scaling">The scaling, or null where there is none.</param>
    /// <param name="modelType">The family.</param>
    public static void Write(Utf8JsonWriter json, RotaryScaling? scaling, string modelType)
    {
        if (scaling is null) return;
        // Of LongRoPE the first length stands at the top, and transformers' Phi-3 takes three keys in the object and no other name for the first.
        if (scaling is LongRopeScaling longRope) json.WriteNumber(OriginalKey, longRope.OriginalPositions);
        json.WriteStartObject(Key);
        json.WriteString(modelType == "phi3" ? "type" : "rope_type", scaling.Kind);
        scaling.WriteOptions(json);
        json.WriteEndObject();
    }

    private static Llama3Scaling ReadLlama3(ConfigurationReader scaling)
    {
        var (low, high) = (Positive(scaling, "low_freq_factor"), Positive(scaling, "high_freq_factor"));
        if (high <= low) throw scaling.Error("high_freq_factor", "a number above low_freq_factor is expected");
        return new Llama3Scaling(Factor(scaling), low, high, scaling.Size(OriginalKey));
    }

    private static YarnScaling ReadYarn(ConfigurationReader scaling, int positions)
    {
        var original = scaling.Size(OriginalKey, positions);
        var (fast, slow) = (Positive(scaling, "beta_fast", YarnScaling.DefaultFastTurns), Positive(scaling, "beta_slow", YarnScaling.DefaultSlowTurns));
        if (fast <= slow) throw scaling.Error("beta_fast", "a number above beta_slow is expected");
        return new YarnScaling(scaling.Has("factor") ? Factor(scaling) : (double)positions / original, original)
        {
            AttentionFactor = scaling.Has("attention_factor") ? Positive(scaling, "attention_factor") : null,
            FastTurns = fast,
            SlowTurns = slow,
            MagnitudeScale = scaling.Number("mscale", 0),
            MagnitudeOfAll = scaling.Number("mscale_all_dim", 0),
            Truncate = scaling.Flag("truncate", true),
        };
    }

    private static LongRopeScaling ReadLongRope(ConfigurationReader json, ConfigurationReader scaling, int positions)
    {
        var hasOriginal = json.Has(OriginalKey) || scaling.Has(OriginalKey);
        var original = json.Size(OriginalKey, scaling.Size(OriginalKey, positions));
        if (original < 2) throw json.Error(OriginalKey, "at least 2 is expected");
        // Where the first length is said, it and the positions decide, whatever the factor says, as in transformers.
        var factor = hasOriginal || !scaling.Has("factor") ? (double)positions / original : Factor(scaling);
        return new LongRopeScaling(Divisors(scaling, "short_factor"), Divisors(scaling, "long_factor"), original, factor)
        {
            AttentionFactor = scaling.Has("attention_factor") ? Positive(scaling, "attention_factor") : null,
        };
    }

    private static double[] Divisors(ConfigurationReader scaling, string key)
    {
        var divisors = scaling.Numbers(key);
        return divisors.All(divisor => divisor > 0) ? divisors : throw scaling.Error(key, "numbers above 0 are expected");
    }

    private static double Factor(ConfigurationReader scaling) =>
        Positive(scaling, "factor") is >= 1 and var factor ? factor : throw scaling.Error("factor", "a number of at least 1 is expected");

    private static double Positive(ConfigurationReader scaling, string key, double? otherwise = null)
    {
        if (otherwise is null && !scaling.Has(key)) throw scaling.Error(key, "is missing");
        var number = scaling.Number(key, otherwise ?? 0);
        return number > 0 ? number : throw scaling.Error(key, "a number above 0 is expected");
    }
}
