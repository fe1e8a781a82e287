using MlLifecycle.Datasets;
using MlLifecycle.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("datasets").AddDatasets();
var app = builder.Build();
app.UseServiceDefaults().MapDatasets();
app.Run();
