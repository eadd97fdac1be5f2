using System.Text.Json.Nodes;
using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Tensors.Storage;
using Coppice.Testing;

namespace Coppice.Models.Tests;

public sealed class EncoderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    [Theory]
    [MemberData(nameof(TinyModels.Encoders), MemberType = typeof(TinyModels))]
    public void Every_token_sees_all_of_its_document_and_nothing_of_another(string name)
    {
        using var model = TinyModels.Create(name, _backend);
        int[][] documents = [TinyModels.Tokens(7, seed: 1), TinyModels.Tokens(9, seed: 2), TinyModels.Tokens(5, seed: 3)];
        var before = TinyModels.Hidden(model, documents);
        documents[1][4] = (documents[1][4] + 1) % 50;
        var after = TinyModels.Hidden(model, documents);
        var changed = Enumerable.Range(0, before.Length).Where(i => before[i] != after[i]).Select(i => i / 12).Distinct();
        Assert.Equal(Enumerable.Range(7, 9), changed);
    }

    [Fact]
    public void Token_types_count_and_unknown_ones_are_refused()
    {
        using var model = TinyModels.Create("bert", _backend);
        using var tape = new Tape(_backend) { Recording = false };
        var input = new ModelInput(model);
        var tokens = TinyModels.Tokens(5);
        float[] Hidden(int[] types)
        {
            input.Set(tape, tokens, [0, 1, 2, 3, 4], [0, 5], training: false, types);
            return model.Hidden(tape, input).ToArray();
        }

        Assert.Equal(Hidden([]), Hidden([0, 0, 0, 0, 0]));
        Assert.NotEqual(Hidden([]), Hidden([0, 0, 0, 1, 1]));
        var error = Assert.Throws<CoppiceException>(() => Hidden([0, 0, 0, 0, 2]));
        Assert.Contains("Token type 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Positions_of_RoBERTa_begin_behind_the_padding_and_its_longest_text_is_as_much_shorter()
    {
        using var model = TinyModels.Create("roberta", _backend);
        Assert.Equal(26, model.Parameters["roberta.embeddings.position_embeddings.weight"].Shape.Rows);
        var tokens = TinyModels.Tokens(24);
        var before = TinyModels.Hidden(model, tokens);
        var table = model.Parameters["roberta.embeddings.position_embeddings.weight"].Tensor;
        // The rows of the padding and before it have no position.
        table.CopyFrom(0, [.. Enumerable.Repeat(9f, 24)]);
        Assert.Equal(before, TinyModels.Hidden(model, tokens));
        Assert.Throws<CoppiceException>(() => TinyModels.Hidden(model, TinyModels.Tokens(25)));
    }

    [Fact]
    public void The_pooler_looks_at_first_tokens_and_the_next_sentence_head_at_the_pooler()
    {
        using var model = (BertModel)TinyModels.Create("bert", _backend);
        using var tape = new Tape(_backend) { Recording = false };
        var hidden = model.Hidden(tape, TinyModels.Pack(model, tape, TinyModels.Tokens(6, seed: 1), TinyModels.Tokens(4, seed: 2)));
        var rows = hidden.ToArray();
        var pooled = model.Pool(tape, hidden, tape.Integers([0, 6]));
        var (weight, bias) = (model.Parameters["bert.pooler.dense.weight"].Tensor.ToArray(), model.Parameters["bert.pooler.dense.bias"].Tensor.ToArray());
        var expected = Enumerable.Range(0, 12).Select(i => (float)Math.Tanh(bias[i] + Enumerable.Range(0, 12).Sum(j => (double)weight[i * 12 + j] * rows[6 * 12 + j])));
        Assert.Equal(expected, pooled.ToArray()[12..], (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal(new Shape(2, 2), model.NextSentence(tape, pooled).Shape);
        using var without = (BertModel)TinyModels.Create("roberta", _backend);
        Assert.Throws<CoppiceException>(() => without.Pool(tape, hidden, tape.Integers([0])));
        Assert.Throws<CoppiceException>(() => without.NextSentence(tape, pooled));
    }

    [Fact]
    public void What_writes_text_refuses_an_encoder()
    {
        using var model = TinyModels.Create("bert", _backend);
        var error = Assert.Throws<CoppiceException>(() => model.CreateCache());
        Assert.Contains("a bert model is an encoder", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_of_the_bare_model_is_read_with_its_pooler_and_has_no_head()
    {
        using var whole = TinyModels.Create("bert", _backend);
        WriteAs("BertModel", whole, name => name.StartsWith("bert.", StringComparison.Ordinal), name => name["bert.".Length..]);
        using var bare = (BertModel)ModelDirectory.Load(_folder.Root, _backend);
        var configuration = (BertConfiguration)bare.Configuration;
        Assert.False(configuration.MaskedHead);
        Assert.True(configuration.Pooler);
        var tokens = TinyModels.Tokens(8);
        Assert.Equal(TinyModels.Hidden(whole, tokens), TinyModels.Hidden(bare, tokens));
        var error = Assert.Throws<CoppiceException>(() => TinyModels.Logits(bare, tokens));
        Assert.Contains("no head that predicts tokens", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Old_names_of_norms_buffers_and_copies_of_tied_matrices_are_understood()
    {
        using var whole = TinyModels.Create("bert", _backend);
        var copies = new List<TensorToWrite>
        {
            TensorToWrite.Floats("bert.embeddings.position_ids", [1, 24], (_, destination) => destination.Clear()),
            TensorToWrite.Floats("cls.predictions.decoder.weight", [50, 12], (start, destination) => whole.Embedding.Tensor.CopyTo(start, destination)),
            TensorToWrite.Floats("cls.predictions.decoder.bias", [50], (start, destination) => whole.HeadBias!.Tensor.CopyTo(start, destination)),
        };
        WriteAs(
            "BertForPreTraining", whole, _ => true,
            name => name.Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal).Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal), copies);
        using var loaded = ModelDirectory.Load(_folder.Root, _backend);
        Assert.Equal(TinyModels.Logits(whole, TinyModels.Tokens(8)), TinyModels.Logits(loaded, TinyModels.Tokens(8)));
    }

    /// <summary>Writes some parameters of a model under other names, and a configuration that names another class.</summary>
    private void WriteAs(string architecture, LanguageModel model, Func<string, bool> choose, Func<string, string> rename, IReadOnlyList<TensorToWrite>? more = null)
    {
        ModelDirectory.Save(_folder.Root, model);
        var tensors = model.Parameters.Parameters.Where(parameter => choose(parameter.Name)).Select(parameter => TensorToWrite.Floats(
            rename(parameter.Name), [.. Enumerable.Range(0, parameter.Shape.Rank).Select(i => (long)parameter.Shape[i])], (start, destination) => parameter.Tensor.CopyTo(start, destination)));
        SafetensorsDirectory.Write(_folder.Root, [.. tensors, .. more ?? []]);
        var path = _folder.At("config.json");
        var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        json["architectures"] = new JsonArray(architecture);
        File.WriteAllText(path, json.ToJsonString());
    }
}
