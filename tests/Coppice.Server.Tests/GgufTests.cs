using System.Net.Http.Json;
using System.Text.Json;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Models.Gguf;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Server.Tests;

public sealed class GgufTests : IDisposable
{
    private static readonly Tokenizer Bytes = BpeTrainer.Train(["the sheep of the flock went home, and the other sheep too"], new BpeTrainerOptions { VocabularySize = 270, Threads = 1 });

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_gguf_file_is_served_and_so_is_a_newer_one_at_its_path()
    {
        var path = _folder.At("flock.gguf");
        Write(path, seed: 1);
        var options = new ServerOptions { Models = [path], Port = 0, Threads = 1, WatchInterval = TimeSpan.FromMilliseconds(50), Quantization = Quantization.Int8 };
        await using var server = await InferenceServer.StartAsync(options);
        using var client = new HttpClient { BaseAddress = server.Address };
        var before = Expected(path);
        Assert.Equal(("flock.gguf", before), (server.Models[0].Name, await TextAsync()));

        var newer = _folder.At("newer");
        Write(newer, seed: 2);
        var after = Expected(newer);
        Assert.NotEqual(before, after);
        File.Move(newer, path, overwrite: true);
        await ServedTinyModel.UntilAsync(async () => await TextAsync() == after);

        async Task<string> TextAsync()
        {
            using var response = await client.PostAsync(new Uri("v1/completions", UriKind.Relative), JsonContent.Create(new { prompt = "the", max_tokens = 20, temperature = 0 }));
            return JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync()).GetProperty("choices")[0].GetProperty("text").GetString()!;
        }
    }

    private static void Write(string path, ulong seed)
    {
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create(TinyModels.Configuration("llama", Bytes.VocabularySize, 64) with { BeginOfText = null, EndOfText = Bytes.EndOfText }, backend, seed: seed);
        GgufExport.Write(model, Bytes.ToJson(), "flock", path, GgufExportType.F32);
    }

    private static string Expected(string path)
    {
        using var backend = Backends.Create(1);
        using var opened = InferenceModel.Load(path, backend, Quantization.Int8);
        using var generator = new TextGenerator(opened.Model, opened.Tokenizer);
        return generator.Generate("the", new GenerationOptions { Temperature = 0, MaxTokens = 20 }).Text;
    }
}
