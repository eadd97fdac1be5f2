using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Adapters;

/// <summary>Where the two halves of a transformer's block begin and end: the projections that modules are put behind or beside.</summary>
internal static class BlockSites
{
    private static readonly string[] Llama = ["llama", "mistral", "qwen2", "qwen3", "phi3", "gemma"];
    private static readonly string[] Encoders = ["bert", "roberta", "electra"];

    /// <summary>The projections that end attention.</summary>
    public static TargetPattern AttentionOutputs(LanguageModel model) => Names(model, IsAttentionOutput);

    /// <summary>The projections that end the MLP.</summary>
    public static TargetPattern MlpOutputs(LanguageModel model) => Names(model, IsMlpOutput);

    /// <summary>The projections that end either.</summary>
    public static TargetPattern Outputs(LanguageModel model) => Names(model, (model, path) => IsAttentionOutput(model, path) || IsMlpOutput(model, path));

    /// <summary>The first projection of the MLP that another one ends: its input is the MLP's.</summary>
    /// <param name="model">The model.</param>
    /// <param name="output">The projection that ends it.</param>
    /// <exception cref="CoppiceException">That one ends no MLP (exit code 2).</exception>
    public static ProjectionSlot MlpInputOf(LanguageModel model, ProjectionSlot output)
    {
        var (_, ends, begins) = Of(model);
        if (IsMlpOutput(model, output.Name))
        {
            var block = output.Name[..^ends.Length];
            if (model.Projections.FirstOrDefault(slot => begins.Any(begin => slot.Name == block + begin)) is { } first) return first;
        }

        throw CoppiceException.Usage($"'{output.Name}' is not the last projection of an MLP, beside which a parallel adapter stands: those of a {model.Configuration.ModelType} model end with '{ends}'");
    }

    private static bool IsAttentionOutput(LanguageModel model, string path) => Of(model).Attention.Any(end => path.EndsWith(end, StringComparison.Ordinal));

    // BERT's attention ends with a path that ends as its MLP does.
    private static bool IsMlpOutput(LanguageModel model, string path) => path.EndsWith(Of(model).MlpOutput, StringComparison.Ordinal) && !IsAttentionOutput(model, path);

    private static TargetPattern Names(LanguageModel model, Func<LanguageModel, string, bool> isMeant) =>
        TargetPattern.Of([.. model.Projections.Select(slot => slot.Name).Where(path => isMeant(model, path))]);

    private static (string[] Attention, string MlpOutput, string[] MlpInputs) Of(LanguageModel model) => model.Configuration.ModelType switch
    {
        var type when Llama.Contains(type) => ([".self_attn.o_proj"], ".mlp.down_proj", [".mlp.gate_proj", ".mlp.gate_up_proj"]),
        var type when Encoders.Contains(type) => ([".attention.output.dense"], ".output.dense", [".intermediate.dense"]),
        "gpt2" => ([".attn.c_proj"], ".mlp.c_proj", [".mlp.c_fc"]),
        "opt" => ([".self_attn.out_proj"], ".fc2", [".fc1"]),
        "gpt_neox" => ([".attention.dense"], ".mlp.dense_4h_to_h", [".mlp.dense_h_to_4h"]),
        "t5" => ([".SelfAttention.o", ".EncDecAttention.o"], ".DenseReluDense.wo", [".DenseReluDense.wi_0", ".DenseReluDense.wi"]),
        var type => throw CoppiceException.Usage($"where attention and MLP of a {type} model end is not known: adapters between its layers have no place"),
    };
}
