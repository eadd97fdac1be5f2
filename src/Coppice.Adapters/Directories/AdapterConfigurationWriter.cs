using System.Text;
using System.Text.Json;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Directories;

/// <summary>Writes <c>adapter_config.json</c> with as few keys as PEFT needs: its older versions refuse what they don't know.</summary>
internal static class AdapterConfigurationWriter
{
    /// <summary>The type of adapters that PEFT has no form for: other tools refuse it by name.</summary>
    public const string OwnType = "COPPICE";

    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(string path, AdapterSettings settings, LanguageModel model, IReadOnlyList<TargetModule> targets, string? baseModel)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory, Indented))
        {
            json.WriteStartObject();
            json.WriteString("peft_type", settings.Method switch { "lora" or "rslora" or "dora" => "LORA", "vera" => "VERA", "ia3" => "IA3", _ => OwnType });
            json.WriteString("task_type", model.Configuration.IsCausal ? "CAUSAL_LM" : null);
            json.WriteString("base_model_name_or_path", baseModel);
            json.WriteBoolean("inference_mode", true);
            WriteMethod(json, settings);
            if (targets.Count > 0) WritePattern(json, "target_modules", settings.Targets ?? TargetPattern.Of([.. targets.Select(target => target.Name)]));
            if (settings.Exclude is { } exclude) WritePattern(json, "exclude_modules", exclude);
            WriteLayers(json, settings);
            if (settings.Method == "ia3") WriteTexts(json, "feedforward_modules", [.. targets.Where(target => target.ScalesInput).Select(target => target.Name)]);
            else json.WriteString("bias", settings.Bias switch { BiasTraining.All => "all", BiasTraining.TargetsOnly => settings.Method == "vera" ? "vera_only" : "lora_only", _ => "none" });
            if (targets.Count > 0) json.WriteBoolean("fan_in_fan_out", targets.Any(target => target.Dense is { Layout: WeightLayout.InputsByOutputs }));
            if (settings.ModulesToSave.Count > 0) WriteTexts(json, "modules_to_save", settings.ModulesToSave);
            else json.WriteNull("modules_to_save");
            json.WriteEndObject();
        }

        AtomicFile.WriteText(path, Encoding.UTF8.GetString(memory.ToArray()) + "\n");
    }

    private static void WriteMethod(Utf8JsonWriter json, AdapterSettings settings)
    {
        switch (settings.Method)
        {
            case "vera":
                json.WriteNumber("r", settings.Rank);
                json.WriteNumber("d_initial", settings.InitialD);
                json.WriteNumber("vera_dropout", 0);
                json.WriteNumber("projection_prng_key", 0);
                json.WriteBoolean("save_projection", true);
                break;
            case "ia3":
                json.WriteBoolean("init_ia3_weights", true);
                break;
            case "lora" or "rslora" or "dora":
                WriteLora(json, settings);
                break;
            default:
                json.WriteString("method", settings.Method);
                break;
        }
    }

    private static void WriteLora(Utf8JsonWriter json, AdapterSettings settings)
    {
        json.WriteNumber("r", settings.Rank);
        json.WriteNumber("lora_alpha", settings.Alpha);
        json.WriteNumber("lora_dropout", 0);
        json.WriteBoolean("init_lora_weights", true);
        if (settings.RankStabilized) json.WriteBoolean("use_rslora", true);
        if (settings.Method == "dora") json.WriteBoolean("use_dora", true);
        if (settings.RankPattern.Count > 0)
        {
            json.WriteStartObject("rank_pattern");
            foreach (var (pattern, rank) in settings.RankPattern) json.WriteNumber(pattern, rank);
            json.WriteEndObject();
        }

        if (settings.AlphaPattern.Count == 0) return;
        json.WriteStartObject("alpha_pattern");
        foreach (var (pattern, alpha) in settings.AlphaPattern) json.WriteNumber(pattern, alpha);
        json.WriteEndObject();
    }

    private static void WriteLayers(Utf8JsonWriter json, AdapterSettings settings)
    {
        if (settings.Layers.Count == 0) return;
        json.WriteStartArray("layers_to_transform");
        foreach (var layer in settings.Layers) json.WriteNumberValue(layer);
        json.WriteEndArray();
        if (settings.LayersPattern.Count > 0) WriteTexts(json, "layers_pattern", settings.LayersPattern);
    }

    private static void WritePattern(Utf8JsonWriter json, string key, TargetPattern pattern)
    {
        if (pattern.Expression is { } expression) json.WriteString(key, expression);
        else WriteTexts(json, key, pattern.Names);
    }

    private static void WriteTexts(Utf8JsonWriter json, string key, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(key);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
