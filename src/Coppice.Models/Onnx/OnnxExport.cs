using Coppice.Foundation;

namespace Coppice.Models.Onnx;

/// <summary>
/// Writes an encoder as one ONNX file, with the inputs and outputs that Hugging Face's tools give such models: <c>input_ids</c>, <c>attention_mask</c> and
/// <c>token_type_ids</c> [texts, tokens]; <c>logits</c> of the head, or <c>last_hidden_state</c>. Numbers are float32.
/// </summary>
public static class OnnxExport
{
    private const string Texts = "batch_size", Tokens = "sequence_length";

    /// <summary>Exports a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="features">Whether hidden states come out even where the model has a head.</param>
    /// <exception cref="CoppiceException">The model is no encoder or quantised, is larger than the format allows, or the file can't be written.</exception>
    public static OnnxExportResult Write(LanguageModel model, string path, bool features)
    {
        model.RequireExactWeights("exported");
        var graph = new OnnxGraph(model.Parameters);
        var layers = new OnnxLayers(graph);
        var tokens = graph.Input("input_ids", OnnxType.Int64, Texts, Tokens);
        var penalty = layers.Penalty(graph.Input("attention_mask", OnnxType.Int64, Texts, Tokens));
        var types = graph.Input("token_type_ids", OnnxType.Int64, Texts, Tokens);
        var output = model.Configuration switch
        {
            BertConfiguration bert => Bert(graph, layers, model, bert, (tokens, types, penalty), features),
            ElectraConfiguration electra => Electra(graph, layers, electra, (tokens, types, penalty), features),
            _ => throw new CoppiceException($"{model.Configuration.ModelType}: only encoders are written as ONNX; write a .gguf file for a model that generates text"),
        };
        var file = graph.ToModel(model.Configuration.ModelType);
        if (file.Length > int.MaxValue) throw new CoppiceException($"{path}: the model takes {file.Length} bytes, and a file of this format holds at most {int.MaxValue}");
        AtomicFile.Write(path, file.WriteTo);
        return new OnnxExportResult(path, model.Configuration.ModelType, output, file.Length, model.Parameters.Count);
    }

    private static string Bert(OnnxGraph graph, OnnxLayers layers, LanguageModel model, BertConfiguration bert, (string Tokens, string Types, string Penalty) given, bool features)
    {
        var (names, sizes) = (bert.Names, bert.Sizes);
        int? pad = bert.FirstPosition > 0 ? bert.PadToken : null;
        var hidden = layers.Blocks(layers.Embeddings(names.Prefix, given.Tokens, given.Types, pad, sizes.NormEpsilon), given.Penalty, names.Prefix, sizes);
        if (features || !bert.MaskedHead) return Hidden(graph, hidden, bert);
        var transformed = layers.Norm(layers.Activation(layers.Linear(hidden, names.TransformDense), sizes.Activation), names.TransformNorm, sizes.NormEpsilon);
        return Logits(graph, layers.Linear(transformed, model.Head.Name, model.HeadBias!.Name), $"{bert.VocabularySize}");
    }

    private static string Electra(OnnxGraph graph, OnnxLayers layers, ElectraConfiguration electra, (string Tokens, string Types, string Penalty) given, bool features)
    {
        var embedded = layers.Embeddings(ElectraNames.Prefix, given.Tokens, given.Types, padToken: null, electra.NormEpsilon);
        var hidden = layers.Blocks(embedded, given.Penalty, ElectraNames.Prefix, electra.Sizes);
        if (features || !electra.DetectionHead) return Hidden(graph, hidden, electra);
        var detected = layers.Linear(layers.Activation(layers.Linear(hidden, ElectraNames.DetectionDense), electra.Activation), ElectraNames.Detection);
        return Logits(graph, graph.Apply("Squeeze", [detected, graph.Integers(2)]));
    }

    private static string Hidden(OnnxGraph graph, string hidden, ModelConfiguration configuration)
    {
        const string Name = "last_hidden_state";
        graph.Output(hidden, Name, Texts, Tokens, $"{configuration.HiddenSize}");
        return Name;
    }

    private static string Logits(OnnxGraph graph, string logits, params string[] ofToken)
    {
        const string Name = "logits";
        graph.Output(logits, Name, [Texts, Tokens, .. ofToken]);
        return Name;
    }
}

/// <summary>What an export wrote.</summary>
/// <param name="Output">The file.</param>
/// <param name="Architecture">The model's <c>model_type</c>.</param>
/// <param name="Gives">What comes out of it: <c>logits</c> or <c>last_hidden_state</c>.</param>
/// <param name="Bytes">The file's size.</param>
/// <param name="Parameters">The model's parameters.</param>
public sealed record OnnxExportResult(string Output, string Architecture, string Gives, long Bytes, long Parameters);
