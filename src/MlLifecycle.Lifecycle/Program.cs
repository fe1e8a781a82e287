using MlLifecycle.Lifecycle;
using MlLifecycle.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("lifecycle");
builder.AddLifecycle();
var app = builder.Build();
app.UseServiceDefaults();
app.MapLifecycle();
app.Run();
