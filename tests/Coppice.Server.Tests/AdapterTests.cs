using Coppice.Adapters;
using Coppice.Adapters.Directories;
using Coppice.Foundation;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;

namespace Coppice.Server.Tests;

public class AdapterTests
{
    [Fact]
    public async Task Requests_name_an_adapter_in_place_of_the_model()
    {
        await using var served = await ServedTinyModel.StartAsync(changeWithFolder: (folder, options) => options with
        {
            Adapters = [new("one", SaveAdapter(folder, "a", 1)), new("two", SaveAdapter(folder, "b", 2))],
        });
        var models = await served.Client.GetStringAsync(new Uri("v1/models", UriKind.Relative));
        foreach (var id in new[] { "\"id\":\"tiny\"", "\"id\":\"one\"", "\"id\":\"two\"", "\"parent\":\"tiny\"" }) Assert.Contains(id, models, StringComparison.Ordinal);
        Assert.Contains("\"parent\":\"tiny\"", await served.Client.GetStringAsync(new Uri("v1/models/two", UriKind.Relative)), StringComparison.Ordinal);

        string[] order = ["one", "tiny", "two", "one", "two", "tiny"];
        var answers = await Task.WhenAll(order.Select(model => served.JsonAsync("v1/completions", new { model, prompt = "Hello", max_tokens = 12, temperature = 0 })));
        var texts = new Dictionary<string, string>();
        for (var i = 0; i < order.Length; i++)
        {
            Assert.Equal(order[i], answers[i].GetProperty("model").GetString());
            var text = answers[i].GetProperty("choices")[0].GetProperty("text").GetString()!;
            Assert.Equal(Expected(served, order[i]), text);
            texts[order[i]] = text;
        }

        Assert.Equal(3, texts.Values.Distinct().Count());
        var vectors = new List<string>();
        foreach (var model in new[] { "tiny", "one" }) vectors.Add((await served.JsonAsync("v1/embeddings", new { model, input = "Hello" })).GetProperty("data")[0].GetProperty("embedding").GetRawText());
        Assert.NotEqual(vectors[0], vectors[1]);
        using var unknown = await served.PostAsync("v1/completions", new { model = "three", prompt = "Hello" });
        Assert.Equal(404, (int)unknown.StatusCode);
        Assert.Contains("tiny, one, two", await unknown.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Adapters_of_another_model_and_names_that_are_taken_are_refused_at_the_start()
    {
        await RefusedAsync((folder, options) => options with { Adapters = [new("tiny", SaveAdapter(folder, "a", 1))] }, "there is a model named 'tiny' already");
        await RefusedAsync((folder, options) => options with { Adapters = [new("x", SaveAdapter(folder, "a", 1)), new("x", SaveAdapter(folder, "b", 1))] }, "'x' already");
        await RefusedAsync(
            (folder, options) =>
            {
                var adapter = SaveAdapter(folder, "a", 1);
                ServedTinyModel.Save(folder.At(ServedTinyModel.Name), seed: 4);
                return options with { Adapters = [new("x", adapter)] };
            },
            "another base");
        await RefusedAsync((folder, options) => options with { Models = [.. options.Models, folder.At("other")], Adapters = [new("x", SaveAdapter(folder, "a", 1))] }, "with one model");
    }

    [Fact]
    public async Task A_newer_base_is_not_served_under_an_adapter_of_the_older_one()
    {
        var notices = new List<string>();
        await using var served = await ServedTinyModel.StartAsync(changeWithFolder: (folder, options) => options with
        {
            Adapters = [new("one", SaveAdapter(folder, "a", 1))], WatchedFolder = folder.At("runs"), Notice = line =>
            {
                lock (notices) notices.Add(line);
            },
        });
        var before = Expected(served, "one");
        ServedTinyModel.Save(served.Folder.At("runs/next/model"), seed: 2, parent: ModelDirectory.Fingerprint(served.Directory));
        await ServedTinyModel.UntilAsync(() =>
        {
            lock (notices) return Task.FromResult(notices.Any(notice => notice.Contains("older version", StringComparison.Ordinal)));
        });
        var answer = await served.JsonAsync("v1/completions", new { model = "one", prompt = "Hello", max_tokens = 12, temperature = 0 });
        Assert.Equal(before, answer.GetProperty("choices")[0].GetProperty("text").GetString());
    }

    private static async Task RefusedAsync(Func<TemporaryFolder, ServerOptions, ServerOptions> change, string why)
    {
        var error = await Assert.ThrowsAsync<CoppiceException>(() => ServedTinyModel.StartAsync(changeWithFolder: change));
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    private static string Expected(ServedTinyModel served, string name)
    {
        using var backend = Backends.Create(1);
        using var model = ModelDirectory.Load(served.Directory, backend);
        using var set = new AdapterSet(model);
        if (name != ServedTinyModel.Name)
        {
            AdapterDirectory.Load(served.Folder.At(name == "one" ? "a" : "b"), set, name);
            set.Activate(name);
        }

        using var generator = new TextGenerator(model, Tokenizer.Load(served.Directory));
        return generator.Generate("Hello", new GenerationOptions { Temperature = 0, MaxTokens = 12 }).Text;
    }

    private static string SaveAdapter(TemporaryFolder folder, string name, ulong seed)
    {
        using var backend = Backends.Create(1);
        using var model = ModelDirectory.Load(folder.At(ServedTinyModel.Name), backend);
        using var set = new AdapterSet(model);
        var adapter = set.Add("x", new AdapterSettings { Rank = 2, Targets = TargetPattern.Matching(TargetPattern.AllLinear) }, seed);
        foreach (var parameter in adapter.Parameters.Parameters)
        {
            var random = new Philox(seed, (ulong)parameter.Offset);
            parameter.Tensor.CopyFrom([.. Enumerable.Range(0, (int)parameter.Count).Select(i => 0.5f * random.Normal((ulong)i))]);
        }

        AdapterDirectory.Save(folder.At(name), set, "x", "../" + ServedTinyModel.Name);
        AdapterBase.Record(folder.At(name), folder.At(ServedTinyModel.Name));
        return folder.At(name);
    }
}
