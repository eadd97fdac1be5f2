using System.Collections.Concurrent;
using Coppice.Inference;
using Coppice.Models;

namespace Coppice.Server.Tests;

public sealed class ReplacementTests
{
    private static readonly GenerationOptions Greedy = new() { Temperature = 0, MaxTokens = 20 };

    [Fact]
    public async Task A_model_replaced_at_its_path_takes_over_without_a_request_lost()
    {
        var notices = new ConcurrentQueue<string>();
        await using var served = await ServedTinyModel.StartAsync(options => options with { Notice = notices.Enqueue });
        var before = ServedTinyModel.Expected(served.Directory, "a", Greedy).Text;
        var other = served.Folder.At("other");
        ServedTinyModel.Save(other, seed: 2, parent: ModelDirectory.Fingerprint(served.Directory));
        var after = ServedTinyModel.Expected(other, "a", Greedy).Text;
        Assert.NotEqual(before, after);

        using var done = new CancellationTokenSource();
        var texts = new ConcurrentQueue<string>();
        var clients = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!done.IsCancellationRequested) texts.Enqueue(await TextAsync(served));
        })).ToList();
        await ServedTinyModel.UntilAsync(() => Task.FromResult(!texts.IsEmpty));
        Directory.Move(served.Directory, served.Folder.At("old"));
        Directory.Move(other, served.Directory);
        await ServedTinyModel.UntilAsync(() => Task.FromResult(texts.Contains(after)));
        await done.CancelAsync();
        await Task.WhenAll(clients);
        Assert.All(texts, text => Assert.True(text == before || text == after));
        Assert.Equal(after, await TextAsync(served));
        Assert.Contains(notices, notice => notice.Contains("an update of the version before", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_update_that_appears_in_the_watched_folder_is_served_and_so_is_the_next()
    {
        await using var served = await ServedTinyModel.StartAsync(changeWithFolder: (folder, options) => options with { WatchedFolder = folder.At("runs") });
        var runs = served.Folder.At("runs");
        // No update of the model, and so none of its versions.
        ServedTinyModel.Save(Path.Combine(runs, "stranger", "model"), seed: 9);
        ServedTinyModel.Save(Path.Combine(runs, "cousin", "model"), seed: 8, parent: "0000");
        var parent = served.Directory;
        for (var seed = 2UL; seed < 4; seed++)
        {
            var update = Path.Combine(runs, $"update-{seed}", "model");
            ServedTinyModel.Save(update, seed, parent: ModelDirectory.Fingerprint(parent));
            var text = ServedTinyModel.Expected(update, "a", Greedy).Text;
            await ServedTinyModel.UntilAsync(async () => await TextAsync(served) == text);
            Assert.Equal(update, served.Server.Models[0].Directory);
            parent = update;
        }
    }

    [Fact]
    public async Task An_update_is_held_in_as_many_bits_as_the_model_before()
    {
        await using var served = await ServedTinyModel.StartAsync(changeWithFolder: (folder, options) => options with { WatchedFolder = folder.At("runs"), Quantization = Quantization.Int4 });
        Assert.Equal(ServedTinyModel.Expected(served.Directory, "a", Greedy, Quantization.Int4).Text, await TextAsync(served));
        var update = Path.Combine(served.Folder.At("runs"), "update", "model");
        ServedTinyModel.Save(update, seed: 2, parent: ModelDirectory.Fingerprint(served.Directory));
        var text = ServedTinyModel.Expected(update, "a", Greedy, Quantization.Int4).Text;
        Assert.NotEqual(ServedTinyModel.Expected(update, "a", Greedy).Text, text);
        await ServedTinyModel.UntilAsync(async () => await TextAsync(served) == text);
    }

    [Fact]
    public async Task A_damaged_replacement_leaves_the_model_as_it_was()
    {
        var notices = new ConcurrentQueue<string>();
        await using var served = await ServedTinyModel.StartAsync(options => options with { Notice = notices.Enqueue });
        var before = await TextAsync(served);
        File.WriteAllText(Path.Combine(served.Directory, "model.safetensors"), "nonsense");
        await ServedTinyModel.UntilAsync(() => Task.FromResult(!notices.IsEmpty));
        Assert.Equal(before, await TextAsync(served));
        Assert.Contains("not served", Assert.Single(notices), StringComparison.Ordinal);
        // A good one afterwards is.
        ServedTinyModel.Save(served.Directory, seed: 3);
        await ServedTinyModel.UntilAsync(async () => await TextAsync(served) != before);
    }

    [Theory]
    [InlineData(20, 60, true)]
    [InlineData(100_000, 0.2, false)]
    public async Task A_server_that_is_stopped_lets_texts_finish_as_long_as_it_has_patience(int tokens, double patience, bool whole)
    {
        await using var served = await ServedTinyModel.StartAsync(options => options with { MaxTokens = 100_000, Engine = new EngineOptions { ContextTokens = 200_000 } }, positions: 200_000);
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/completions") { Content = System.Net.Http.Json.JsonContent.Create(new { prompt = "a", max_tokens = tokens, stream = true }) };
        using var response = await served.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var stopping = served.Server.StopAsync(TimeSpan.FromSeconds(patience));
        if (whole) Assert.EndsWith("[DONE]\n\n", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        else await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync());
        await stopping;
        await Assert.ThrowsAsync<HttpRequestException>(() => served.Client.GetAsync(new Uri("health", UriKind.Relative)));
    }

    private static async Task<string> TextAsync(ServedTinyModel served) =>
        (await served.JsonAsync("v1/completions", new { prompt = "a", max_tokens = 20, temperature = 0 })).GetProperty("choices")[0].GetProperty("text").GetString()!;
}
