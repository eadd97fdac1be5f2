using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Adapters;

/// <summary>The targets that PEFT takes for an architecture where the configuration names none.</summary>
internal static class UsualTargets
{
    private static readonly Dictionary<string, TargetPattern> LowRank = new(StringComparer.Ordinal)
    {
        ["llama"] = TargetPattern.Of("q_proj", "v_proj"),
        ["mistral"] = TargetPattern.Of("q_proj", "v_proj"),
        ["qwen2"] = TargetPattern.Of("q_proj", "v_proj"),
        ["qwen3"] = TargetPattern.Of("q_proj", "v_proj"),
        ["gemma"] = TargetPattern.Of("q_proj", "v_proj"),
        ["opt"] = TargetPattern.Of("q_proj", "v_proj"),
        ["gpt_neox"] = TargetPattern.Of("query_key_value"),
        ["gpt2"] = TargetPattern.Of("c_attn"),
        ["t5"] = TargetPattern.Of("q", "v"),
        ["bert"] = TargetPattern.Of("query", "value"),
        ["roberta"] = TargetPattern.Of("query", "value"),
        ["electra"] = TargetPattern.Of("query", "value"),
    };

    private static readonly Dictionary<string, (TargetPattern Targets, TargetPattern FeedForward)> Scaling = new(StringComparer.Ordinal)
    {
        ["llama"] = (TargetPattern.Of("k_proj", "v_proj", "down_proj"), TargetPattern.Of("down_proj")),
        ["mistral"] = (TargetPattern.Of("k_proj", "v_proj", "down_proj"), TargetPattern.Of("down_proj")),
        ["qwen2"] = (TargetPattern.Of("q_proj", "v_proj", "down_proj"), TargetPattern.Of("down_proj")),
        ["qwen3"] = (TargetPattern.Of("q_proj", "v_proj", "down_proj"), TargetPattern.Of("down_proj")),
        ["gemma"] = (TargetPattern.Of("q_proj", "v_proj", "down_proj"), TargetPattern.Of("down_proj")),
        ["opt"] = (TargetPattern.Of("q_proj", "k_proj", "fc2"), TargetPattern.Of("fc2")),
        ["gpt_neox"] = (TargetPattern.Of("query_key_value", "dense_4h_to_h"), TargetPattern.Of("dense_4h_to_h")),
        ["t5"] = (TargetPattern.Of("k", "v", "wo"), TargetPattern.Of("wo")),
        ["gpt2"] = (TargetPattern.Of("c_attn", "mlp.c_proj"), TargetPattern.Of("mlp.c_proj")),
        ["bert"] = (TargetPattern.Of("key", "value", "output.dense"), TargetPattern.Of("output.dense")),
        ["roberta"] = (TargetPattern.Of("key", "value", "output.dense"), TargetPattern.Of("output.dense")),
        ["electra"] = (TargetPattern.Of("key", "value", "output.dense"), TargetPattern.Of("output.dense")),
    };

    /// <summary>Of methods that add a matrix of low rank.</summary>
    public static TargetPattern OfLowRank(ModelConfiguration configuration) => LowRank.TryGetValue(configuration.ModelType, out var targets) ? targets : throw Unknown(configuration);

    /// <summary>Of (IA)3.</summary>
    public static (TargetPattern Targets, TargetPattern FeedForward) OfScaling(ModelConfiguration configuration) =>
        Scaling.TryGetValue(configuration.ModelType, out var targets) ? targets : throw Unknown(configuration);

    private static CoppiceException Unknown(ModelConfiguration configuration) =>
        CoppiceException.Usage($"which modules of a {configuration.ModelType} model are usually adapted is not known: name the target modules, or take {TargetPattern.AllLinear}");
}
