using System.Text.Json;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>GPT-2: learned positions, LayerNorm before each branch, GELU.</summary>
public sealed record Gpt2Configuration : MultiHeadConfiguration
{
    /// <summary>Its <c>model_type</c>.</summary>
    public const string Type = "gpt2";

    internal const string PositionEmbedding = "transformer.wpe.weight";

    /// <inheritdoc/>
    public override string ModelType => Type;

    /// <summary>Width inside the MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>The MLP's activation.</summary>
    public PointwiseFunction Activation { get; init; } = PointwiseFunction.GeluTanh;

    /// <summary>Whether linear layers and norms have biases (nanoGPT trains without). On disk they are there, as zeros, so that other tools open the model.</summary>
    public bool Bias { get; init; } = true;

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterPlan> Plan()
    {
        var plan = new List<ParameterPlan>();
        // The residual stream is a sum of 2 · layers branches: their last matrices start smaller by the root of that (GPT-2's paper, section 2.3).
        var residual = InitializerRange / Math.Sqrt(2.0 * Layers);
        plan.Add(new("transformer.wte.weight", new Shape(VocabularySize, HiddenSize), Initial.Normal(InitializerRange)));
        plan.Add(new(PositionEmbedding, new Shape(MaxPositions, HiddenSize), Initial.Normal(InitializerRange)));
        for (var layer = 0; layer < Layers; layer++)
        {
            var prefix = $"transformer.h.{layer}.";
            Norm(plan, prefix + "ln_1");
            Linear(plan, prefix + "attn.c_attn", HiddenSize, 3 * HiddenSize, InitializerRange);
            Linear(plan, prefix + "attn.c_proj", HiddenSize, HiddenSize, residual);
            Norm(plan, prefix + "ln_2");
            Linear(plan, prefix + "mlp.c_fc", HiddenSize, IntermediateSize, InitializerRange);
            Linear(plan, prefix + "mlp.c_proj", IntermediateSize, HiddenSize, residual);
        }

        Norm(plan, "transformer.ln_f");
        if (!TieEmbeddings) plan.Add(new("lm_head.weight", new Shape(VocabularySize, HiddenSize), Initial.Normal(InitializerRange)));
        return plan;
    }

    /// <inheritdoc/>
    public override LanguageModel Create(Backend backend, bool trainable = true) => new Gpt2Model(this, backend, trainable);

    internal override (string Embedding, string Head) Tables => ("transformer.wte.weight", TieEmbeddings ? "transformer.wte.weight" : "lm_head.weight");

    internal override LanguageModel Create(Backend backend, QuantizedParameters quantized) => new Gpt2Model(this, backend, trainable: false, quantized);

    internal override bool IsQuantizable(ParameterPlan parameter) => base.IsQuantizable(parameter) && parameter.Name != PositionEmbedding;

    internal override WeightLayout LayoutOf(string parameter) =>
        parameter.StartsWith("transformer.h.", StringComparison.Ordinal) ? WeightLayout.InputsByOutputs : WeightLayout.OutputsByInputs;

    internal static Gpt2Configuration Read(ConfigurationReader json)
    {
        json.MustBe("scale_attn_weights", true, otherwise: true);
        json.MustBe("scale_attn_by_inverse_layer_idx", false, otherwise: false);
        var hidden = json.Size("n_embd");
        var heads = json.Size("n_head");
        if (hidden % heads != 0) throw json.Error("n_head", $"{heads} heads don't divide n_embd {hidden}");
        return new Gpt2Configuration
        {
            VocabularySize = json.Size("vocab_size"),
            HiddenSize = hidden,
            Layers = json.Layers("n_layer"),
            Heads = heads,
            MaxPositions = json.Size("n_positions", json.Size("n_ctx", 1024)),
            IntermediateSize = json.Size("n_inner", 4 * hidden),
            Activation = Activations.Read(json, "activation_function", "gelu_new"),
            NormEpsilon = (float)json.Number("layer_norm_epsilon", 1e-5),
            InitializerRange = (float)json.Number("initializer_range", 0.02),
            Dropout = (float)json.Dropout("resid_pdrop"),
            TieEmbeddings = json.Flag("tie_word_embeddings", true),
            Bias = json.Flag("bias", true),
            BeginOfText = json.Token("bos_token_id"),
            EndOfText = json.Token("eos_token_id"),
        };
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartArray("architectures");
        json.WriteStringValue("GPT2LMHeadModel");
        json.WriteEndArray();
        json.WriteString("model_type", Type);
        json.WriteNumber("vocab_size", VocabularySize);
        json.WriteNumber("n_embd", HiddenSize);
        json.WriteNumber("n_layer", Layers);
        json.WriteNumber("n_head", Heads);
        json.WriteNumber("n_positions", MaxPositions);
        json.WriteNumber("n_ctx", MaxPositions);
        json.WriteNumber("n_inner", IntermediateSize);
        json.WriteString("activation_function", Activations.NameOf(Activation));
        json.WriteNumber("layer_norm_epsilon", NormEpsilon);
        json.WriteNumber("initializer_range", InitializerRange);
        json.WriteNumber("embd_pdrop", Dropout);
        json.WriteNumber("resid_pdrop", Dropout);
        json.WriteNumber("attn_pdrop", 0);
        json.WriteBoolean("tie_word_embeddings", TieEmbeddings);
        json.WriteBoolean("bias", Bias);
        WriteTokens(json);
        json.WriteString("torch_dtype", "float32");
    }

    private void Norm(List<ParameterPlan> plan, string name)
    {
        plan.Add(new(name + ".weight", new Shape(HiddenSize), Initial.Ones));
        if (Bias) plan.Add(new(name + ".bias", new Shape(HiddenSize), Initial.Zeros));
    }

    private void Linear(List<ParameterPlan> plan, string name, int inputs, int outputs, double standardDeviation)
    {
        plan.Add(new(name + ".weight", new Shape(inputs, outputs), Initial.Normal(standardDeviation)));
        if (Bias) plan.Add(new(name + ".bias", new Shape(outputs), Initial.Zeros));
    }
}
