using System.Text.Json.Nodes;
using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Testing;

namespace Coppice.Models.Tests;

public sealed class ConfigurationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<ModelConfiguration> Configurations()
    {
        var data = new TheoryData<ModelConfiguration>();
        foreach (var name in TinyModels.Names.Concat(TinyModels.EncoderNames).Concat(TinyModels.EncoderDecoderNames)) data.Add(TinyModels.Configuration(name));
        var gpt2 = (Gpt2Configuration)TinyModels.Configuration("gpt2");
        data.Add(gpt2 with { Activation = PointwiseFunction.GeluErf, NormEpsilon = 1e-6f, InitializerRange = 0.05f, Dropout = 0.1f, BeginOfText = null, EndOfText = 3 });
        data.Add(gpt2 with { Activation = PointwiseFunction.Relu, MaxPositions = 7, IntermediateSize = 33 });
        var llama = (LlamaConfiguration)TinyModels.Configuration("llama");
        data.Add(llama with { QkvBias = true, OutputBias = true, MlpBias = true, Dropout = 0.2f, RopeTheta = 500000, BeginOfText = null, EndOfText = null });
        data.Add((LlamaConfiguration)TinyModels.Configuration("mistral") with { SlidingWindow = 0, KeyValueHeads = 4, HeadSize = 10 });
        var neox = (GptNeoXConfiguration)TinyModels.Configuration("gpt_neox");
        data.Add(neox with { ParallelResidual = false, AttentionBias = false, TieEmbeddings = true, Activation = PointwiseFunction.GeluTanh, RopeTheta = 5000, RotaryShare = 1, NormEpsilon = 1e-6f });
        data.Add((OptConfiguration)TinyModels.Configuration("opt") with { Activation = PointwiseFunction.GeluErf, TieEmbeddings = false, Dropout = 0.1f });
        data.Add((LlamaConfiguration)TinyModels.Configuration("phi3") with { SlidingWindow = 5, RotaryShare = 1, NormEpsilon = 1e-6f });
        data.Add((LlamaConfiguration)TinyModels.Configuration("gemma") with { QkvBias = true, OutputBias = true, TieEmbeddings = false });
        var t5 = (T5Configuration)TinyModels.Configuration("t5");
        data.Add(t5 with { DecoderLayers = 1, Buckets = 32, MaxDistance = 128, Dropout = 0.1f, InitializerRange = 1, PadToken = 3, DecoderStartToken = 4, NormEpsilon = 1e-6f });
        var electra = new ElectraConfiguration { VocabularySize = 50, EmbeddingSize = 8, HiddenSize = 12, Layers = 2, Heads = 3, MaxPositions = 24, IntermediateSize = 20 };
        data.Add(electra with { DetectionHead = false, Dropout = 0.1f });
        data.Add(electra with { Generator = new ElectraGenerator(8, 1, 2, 16) });
        data.Add(electra with { Generator = new ElectraGenerator(12, 1, 3, 20, Tied: true) });
        return data;
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public void A_configuration_is_the_same_after_writing_and_reading(ModelConfiguration configuration)
    {
        using var backend = Backends.Create(1);
        using var model = configuration.Create(backend, trainable: false);
        ModelDirectory.Save(_folder.Root, model);
        Assert.Equal(configuration, ModelDirectory.ReadConfiguration(_folder.Root));
    }

    [Theory]
    [InlineData("llama", "model_type", "\"xlnet\"", "model_type 'xlnet' is not supported")]
    [InlineData("llama", "model_type", null, "model_type: is missing")]
    [InlineData("llama", "hidden_size", null, "hidden_size: is missing")]
    [InlineData("llama", "hidden_size", "\"64\"", "hidden_size: a whole number")]
    [InlineData("llama", "hidden_size", "0", "hidden_size: a whole number")]
    [InlineData("llama", "hidden_size", "-12", "hidden_size: a whole number")]
    [InlineData("llama", "hidden_size", "1.5", "hidden_size: a whole number")]
    [InlineData("llama", "vocab_size", "99999999999999", "vocab_size: a whole number")]
    [InlineData("llama", "num_hidden_layers", "16000000", "num_hidden_layers: a whole number")]
    [InlineData("llama", "rope_parameters", "{\"rope_type\": \"linear\", \"rope_theta\": 10000}", "rope_parameters: factor: is missing")]
    [InlineData("llama", "rope_theta", "0", "rope_theta: a number")]
    [InlineData("llama", "rms_norm_eps", "-1", "rms_norm_eps: a number")]
    [InlineData("llama", "resid_pdrop", "1.5", "resid_pdrop: a number")]
    [InlineData("llama", "hidden_act", "\"gelu\"", "hidden_act: 'gelu' is not supported")]
    [InlineData("llama", "num_key_value_heads", "3", "num_key_value_heads: 3 doesn't divide 4 heads")]
    [InlineData("llama", "head_dim", "7", "head_dim: 7 is odd")]
    [InlineData("llama", "head_dim", "16777216", "head_dim: 4 heads of 16777216")]
    [InlineData("llama", "attention_bias", "1", "attention_bias: true or false")]
    [InlineData("llama", "bos_token_id", "-1", "bos_token_id: a token id")]
    [InlineData("qwen2", "use_sliding_window", "true", "use_sliding_window")]
    [InlineData("llama", "partial_rotary_factor", "0.5", "partial_rotary_factor: only 1 is supported")]
    [InlineData("llama", "rope_parameters", "{\"partial_rotary_factor\": 0.5}", "partial_rotary_factor: only 1 is supported")]
    [InlineData("llama", "attn_logit_softcapping", "50", "attn_logit_softcapping: is an option of another architecture")]
    [InlineData("llama", "embedding_multiplier", "12", "embedding_multiplier: is an option of another architecture")]
    [InlineData("llama", "rope_interleaved", "true", "rope_interleaved: only false is supported")]
    [InlineData("qwen3", "layer_types", "[\"full_attention\", \"sliding_attention\"]", "layer_types: 'sliding_attention' is not supported")]
    [InlineData("qwen3", "layer_types", "[1]", "layer_types: a list of texts is expected")]
    [InlineData("mistral", "quantization_config", "{}", "quantization_config: quantised weights are not supported")]
    [InlineData("phi3", "rope_scaling", "7", "rope_scaling: an object is expected")]
    [InlineData("phi3", "partial_rotary_factor", "1.5", "partial_rotary_factor: a number above 0 and at most 1")]
    [InlineData("phi3", "partial_rotary_factor", "0.5", "partial_rotary_factor: 3 of a head's 6 values would turn")]
    [InlineData("phi3", "partial_rotary_factor", "0.1", "partial_rotary_factor: 0 of a head's 6 values would turn")]
    [InlineData("phi3", "attention_bias", "true", "attention_bias: only false is supported")]
    [InlineData("phi3", "hidden_act", "\"gelu\"", "hidden_act: 'gelu' is not supported")]
    [InlineData("gemma", "hidden_activation", "\"gelu\"", "hidden_activation: 'gelu' is not supported")]
    [InlineData("gemma", "mlp_bias", "true", "mlp_bias: only false is supported")]
    [InlineData("gemma", "use_bidirectional_attention", "true", "use_bidirectional_attention: only false is supported")]
    [InlineData("gemma", "model_type", "\"gemma2\"", "model_type 'gemma2' is not supported")]
    [InlineData("gpt_neox", "num_attention_heads", "5", "num_attention_heads: 5 heads don't divide hidden_size 12")]
    [InlineData("gpt_neox", "rotary_pct", "0", "rotary_pct: a number above 0")]
    [InlineData("gpt_neox", "rotary_pct", "0.3", "rotary_pct: 1 of a head's 4 values would turn")]
    [InlineData("gpt_neox", "hidden_act", "\"mish\"", "hidden_act: 'mish' is not supported")]
    [InlineData("gpt_neox", "rotary_emb_base", "0", "rotary_emb_base: a number above 0")]
    [InlineData("opt", "do_layer_norm_before", "false", "do_layer_norm_before: only true is supported")]
    [InlineData("opt", "enable_bias", "false", "enable_bias: only true is supported")]
    [InlineData("opt", "word_embed_proj_dim", "6", "word_embed_proj_dim: 6 is not hidden_size 12")]
    [InlineData("opt", "ffn_dim", null, "ffn_dim: is missing")]
    [InlineData("bert", "num_attention_heads", "5", "num_attention_heads: 5 heads don't divide hidden_size 12")]
    [InlineData("bert", "position_embedding_type", "\"relative_key\"", "position_embedding_type: 'relative_key' is not supported")]
    [InlineData("bert", "is_decoder", "true", "is_decoder: only false is supported")]
    [InlineData("bert", "architectures", "\"BertModel\"", "architectures: a list is expected")]
    [InlineData("bert", "hidden_act", "\"mish\"", "hidden_act: 'mish' is not supported")]
    [InlineData("roberta", "max_position_embeddings", "2", "max_position_embeddings: 2 leave no position")]
    [InlineData("roberta", "pad_token_id", "-1", "pad_token_id: a token id")]
    [InlineData("t5", "feed_forward_proj", "\"gated-silu\"", "feed_forward_proj: 'gated-silu' is not supported")]
    [InlineData("t5", "dense_act_fn", "\"gelu_new\"", "dense_act_fn: 'gelu_new' doesn't fit feed_forward_proj 'relu'")]
    [InlineData("t5", "is_gated_act", "true", "is_gated_act: only false is supported")]
    [InlineData("t5", "is_encoder_decoder", "false", "is_encoder_decoder: only true is supported")]
    [InlineData("t5", "d_kv", null, "d_kv: is missing")]
    [InlineData("t5", "num_heads", "16000000", "d_kv: 16000000 heads of 5")]
    [InlineData("t5", "num_decoder_layers", "0", "num_decoder_layers: a whole number")]
    [InlineData("t5", "relative_attention_num_buckets", "7", "relative_attention_num_buckets: an even number from 4 on")]
    [InlineData("t5", "relative_attention_num_buckets", "1000000", "relative_attention_num_buckets: a whole number from 1 to 1024")]
    [InlineData("t5", "relative_attention_max_distance", "4", "relative_attention_max_distance: more than half of the 8 buckets")]
    [InlineData("gpt2", "n_head", "5", "n_head: 5 heads don't divide n_embd 12")]
    [InlineData("gpt2", "n_layer", "16000000", "n_layer: a whole number")]
    [InlineData("gpt2", "activation_function", "\"tanh\"", "activation_function: 'tanh' is not supported")]
    [InlineData("gpt2", "scale_attn_by_inverse_layer_idx", "true", "only false is supported")]
    [InlineData("gpt2", "layer_norm_epsilon", "\"a\"", "layer_norm_epsilon: a number")]
    public void What_is_wrong_or_not_supported_is_named_in_one_line(string family, string key, string? value, string message)
    {
        var path = Change(family, json =>
        {
            json.Remove(key);
            if (value is not null) json[key] = JsonNode.Parse(value);
        });
        var error = Assert.Throws<CoppiceException>(() => ConfigurationReader.Read(path));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"model_type\":")]
    [InlineData("[]")]
    [InlineData("null")]
    public void A_file_that_is_no_JSON_object_is_refused(string text) =>
        Assert.Throws<CoppiceException>(() => ConfigurationReader.Read(_folder.Write("config.json", text)));

    [Fact]
    public void Half_of_a_surrogate_pair_is_no_text()
    {
        var error = Assert.Throws<CoppiceException>(() => ConfigurationReader.Read(_folder.Write("config.json", "{\"model_type\":\"\\ud800\"}")));
        Assert.Contains("model_type: is no text", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Heads_that_do_not_divide_the_width_need_a_head_size()
    {
        var path = Change("llama", json => (json["hidden_size"], json["head_dim"]) = (14, null));
        Assert.Contains("4 heads don't divide hidden_size 14", Assert.Throws<CoppiceException>(() => ConfigurationReader.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_other_tools_leave_out_or_write_differently_is_understood()
    {
        var path = Change("llama", json =>
        {
            foreach (var key in new[] { "num_key_value_heads", "head_dim", "rope_theta", "torch_dtype", "mlp_bias" }) json.Remove(key);
            json["hidden_size"] = 16;
            json["rope_scaling"] = null;
            json["eos_token_id"] = new JsonArray(2, 7);
            json["rope_parameters"] = new JsonObject { ["rope_theta"] = 70000, ["rope_type"] = "default" };
        });
        var configuration = (LlamaConfiguration)ConfigurationReader.Read(path);
        Assert.Equal((4, 4, 70000.0, 2), (configuration.KeyValueHeads, configuration.HeadSize, configuration.RopeTheta, configuration.EndOfText));
    }

    private string Change(string family, Action<JsonObject> change)
    {
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create(family, backend);
        ModelDirectory.Save(_folder.Root, model);
        var path = _folder.At("config.json");
        var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(json);
        File.WriteAllText(path, json.ToJsonString());
        return path;
    }
}
